import { spawnSync } from 'node:child_process';
import { chmodSync, constants, lstatSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachPath, removeTree } from '../../../images/remove-tree.ts';
import { systemProgram } from './system-program.ts';

/** How containers share an image's tree and yet each write to one of their own. `overlay`: a mount of its own, which needs root; `userOverlay`:
 *  the same in a user namespace; `copy`: where the machine allows neither. */
export type Sharing = 'overlay' | 'userOverlay' | 'copy';

export interface WritableLayer {
  /** The container's file tree. With an overlay it has the shared tree's path, and only the container's processes see their own behind it. */
  readonly root: string;
  /** Words before the program that make the tree, keep the process id, go to `cwd` and close descriptor 3. */
  prefix(cwd: string): readonly string[];
}

/** Written to the container's exit file where its tree cannot be made: the code that container runtimes use. */
const cannotStart = 128;
const overlayScript = `"$0" -t overlay overlay -o "$1" "$2" && cd "$3" || { echo ${cannotStart} >"$4"; exit ${cannotStart}; }; shift 4; exec 3>&- "$@"`;

/** Tries what this machine allows. @param folder on the disk that holds the pods */
export function detectSharing(folder: string): Sharing {
  const trial = mkdtempSync(join(folder, '.layer-'));
  try {
    const lower = join(trial, 'lower');
    mkdirSync(lower);
    writeFileSync(join(lower, 'file'), '');
    for (const sharing of ['overlay', 'userOverlay'] as const) {
      const layer = overlayLayer(sharing, { root: lower, folder: join(trial, sharing), readOnly: false });
      const [program, ...args] = [...layer.prefix(lower), '/bin/sh', '-c', 'echo new >file && echo new >other'];
      const done = spawnSync(program!, args, { stdio: 'ignore' });
      if (done.status === 0 && lstatSync(join(lower, 'file')).size === 0) return sharing;
    }
    return 'copy';
  } finally {
    void removeTree(trial);
  }
}

/** @param request.folder the container's own, for what it writes; `readOnly`: it may write nothing to its tree */
export async function writableLayer(sharing: Sharing, request: { readonly root: string; readonly folder: string; readonly readOnly: boolean }): Promise<WritableLayer> {
  const { root, folder, readOnly } = request;
  // Overlay's options have no safe way to write these.
  if (sharing !== 'copy' && !/[,:\\]/.test(root + folder)) return overlayLayer(sharing, request);
  await cp(root, folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE });
  if (readOnly) forEachPath(folder, (path, mode) => chmodSync(path, mode & 0o555));
  return { root: folder, prefix: () => [] };
}

/** Words before a command that is to see what a container sees. @param pid a process of the container */
export function enterLayer(sharing: Sharing, pid: number, cwd: string): readonly string[] {
  if (sharing === 'copy') return [];
  return [systemProgram('nsenter'), '--target', String(pid), '--mount', ...(sharing === 'userOverlay' ? ['--user', '--preserve-credentials'] : []), `--wdns=${cwd}`, '--'];
}

function overlayLayer(sharing: 'overlay' | 'userOverlay', { root, folder, readOnly }: { readonly root: string; readonly folder: string; readonly readOnly: boolean }): WritableLayer {
  const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
  mkdirSync(upper, { recursive: true });
  mkdirSync(work, { recursive: true });
  chmodSync(upper, lstatSync(root).mode & 0o777);
  // Without an upper folder overlay is read-only, and wants two below.
  const places = readOnly ? `lowerdir=${root}:${upper}` : `lowerdir=${root},upperdir=${upper},workdir=${work}`;
  const asUser = sharing === 'userOverlay';
  return {
    root,
    prefix: (cwd) => [
      systemProgram('unshare'), ...(asUser ? ['--map-current-user', '--keep-caps'] : []), '--mount', '--propagation', 'slave',
      '/bin/sh', '-c', overlayScript, systemProgram('mount'), asUser ? `${places},userxattr` : places, root, cwd, join(folder, '..', 'exit'),
      ...(asUser ? [systemProgram('setpriv'), '--ambient-caps=-all', '--inh-caps=-all', '--'] : []),
    ],
  };
}
