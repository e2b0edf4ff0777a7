import { spawnSync } from 'node:child_process';
import { chmodSync, constants, lstatSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachPath, removeTree } from '../../../images/remove-tree.ts';
import type { Mount } from '../runtime.ts';
import { viewCommands } from './container-view.ts';
import { quoted } from './run-command.ts';
import { systemProgram } from './system-program.ts';

/** How containers share an image's tree and yet each write to one of their own. `overlay`: a mount of its own, which needs root; `userOverlay`:
 *  the same in a user namespace; `copy`: where the machine allows neither. */
export type Sharing = 'overlay' | 'userOverlay' | 'copy';

export interface WritableLayer {
  /** The container's file tree. With an overlay it has the shared tree's path, and only the container's processes see their own behind it. */
  readonly root: string;
  /** Words before the program that make the tree, keep the process id, and go to `cwd`. */
  prefix(cwd: string): readonly string[];
}

/** Written to the container's exit file where its tree cannot be made: the code that container runtimes use. */
const cannotStart = 128;
const overlayScript = `{ "$0" -t overlay overlay -o "$1" "$2"; } && cd "$3" || { echo ${cannotStart} >"$4"; exit ${cannotStart}; }; { eval "$5"; } || echo 'aweigh: what is mounted is found below $POD_ROOT alone, as this machine refused a mount' >&2; cd "$3"; shift 5; exec "$@"`;

/** A folder that replaces one of the image needs extended attributes, which not every mount may have. */
const trial = 'echo new >file && rm -r folder && mkdir folder && test -z "$(ls folder)"';

/** Tries what this machine allows. @param folder on the disk that holds the pods */
export function detectSharing(folder: string): Sharing {
  const place = mkdtempSync(join(folder, '.layer-'));
  try {
    const lower = join(place, 'lower');
    mkdirSync(join(lower, 'folder'), { recursive: true });
    for (const name of ['file', join('folder', 'below')]) writeFileSync(join(lower, name), '');
    for (const sharing of ['overlay', 'userOverlay'] as const) {
      const layer = overlayLayer(sharing, { root: lower, folder: join(place, sharing), readOnly: false });
      const [program, ...args] = [...layer.prefix(lower), '/bin/sh', '-c', trial];
      const done = spawnSync(program!, args, { stdio: 'ignore' });
      if (done.status === 0 && lstatSync(join(lower, 'file')).size === 0) return sharing;
    }
    return 'copy';
  } finally {
    void removeTree(place);
  }
}

export interface LayerRequest {
  /** The shared tree. */
  readonly root: string;
  /** The container's own, for what it writes. */
  readonly folder: string;
  /** It may write nothing to its tree. */
  readonly readOnly: boolean;
  /** What its programs see at the paths that it names; a copy has no such view. Default: nothing. */
  readonly mounts?: readonly Mount[];
  /** Folders that stay where they are, whatever is mounted above them. Default: none */
  readonly kept?: readonly string[];
}

export async function writableLayer(sharing: Sharing, request: LayerRequest): Promise<WritableLayer> {
  const { root, folder, readOnly } = request;
  // Overlay's options have no safe way to write these.
  if (sharing !== 'copy' && !/[,:\\]/.test(root + folder)) return overlayLayer(sharing, request);
  await cp(root, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE });
  if (readOnly) forEachPath(folder, (path, mode) => chmodSync(path, mode & 0o555));
  return { root: folder, prefix: () => [] };
}

/** Words before a command that is to see what a container sees. @param pid a process of the container; `ownNetwork`: it has a network namespace */
export function enterContainer({ sharing, ownNetwork, cwd }: { readonly sharing: Sharing; readonly ownNetwork: boolean; readonly cwd: string }, pid: number): readonly string[] {
  const namespaces = [...(sharing === 'copy' ? [] : ['--mount']), ...(sharing === 'userOverlay' ? ['--user', '--preserve-credentials'] : []), ...(ownNetwork ? ['--net'] : [])];
  return namespaces.length === 0 ? [] : [systemProgram('nsenter'), '--target', String(pid), ...namespaces, `--wdns=${cwd}`, '--'];
}

function overlayLayer(sharing: 'overlay' | 'userOverlay', { root, folder, readOnly, mounts = [], kept = [] }: LayerRequest): WritableLayer {
  const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
  mkdirSync(upper, { recursive: true });
  mkdirSync(work, { recursive: true });
  chmodSync(upper, lstatSync(root).mode & 0o777);
  // Without an upper folder overlay is read-only, and wants two below.
  const places = readOnly ? `lowerdir=${root}:${upper}` : `lowerdir=${root},upperdir=${upper},workdir=${work}`;
  const asUser = sharing === 'userOverlay';
  const view = viewCommands({ mounts, root, folder, kept: [...kept, root], overlayOptions: asUser ? ',userxattr' : '' }).map((words) => words.map(quoted).join(' ')).join(' && ') || ':';
  return {
    root,
    prefix: (cwd) => [
      systemProgram('unshare'), ...(asUser ? ['--map-current-user', '--keep-caps'] : []), '--mount', '--propagation', 'slave',
      '/bin/sh', '-c', overlayScript, systemProgram('mount'), asUser ? `${places},userxattr` : places, root, cwd, join(folder, '..', 'exit'), view,
      ...(asUser ? [systemProgram('setpriv'), '--ambient-caps=-all', '--inh-caps=-all', '--'] : []),
    ],
  };
}
