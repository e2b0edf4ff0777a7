import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** `full`: namespaces, and as root the user `nobody`; `namespaces`: those alone; `none`: this machine lets nobody make any. */
export type Isolation = 'full' | 'namespaces' | 'none';

export interface SandboxRequest {
  /** What the program may write to: the checked out commit. */
  readonly checkout: string;
  /** Below the checkout; where it starts. */
  readonly folder: string;
  readonly home: string;
  /** Folders of which it sees nothing. */
  readonly hidden: readonly string[];
}

export interface Sandbox {
  /** Program and arguments that run what follows them. */
  readonly words: readonly string[];
  readonly cwd: string;
  readonly home: string;
  /** Once nothing runs in it any more. */
  dispose(): void;
}

const NOBODY = 65_534;
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const PROGRAMS = ['unshare', 'setpriv', 'mount', 'chown'];
/** A commit that runs wild leaves no core, and fills neither the disk with one file (blocks of 512 bytes) nor the process table; shells differ in the last one's letter. */
const LIMITS = 'ulimit -c 0 || :; ulimit -f 33554432 || :; { ulimit -p 4096 || ulimit -u 4096 || :; } 2>/dev/null';
/** Arguments: the tools mount and chown, checkout and home with their new places, the owner (empty: as it is), where to start, hidden folders until `--`, the program. */
const SCRIPT = [
  'set -e', 'mount=$1; chown=$2; checkout=$3; home=$4; place=$5; owner=$6; start=$7; shift 7',
  '[ -z "$owner" ] || "$chown" -R "$owner" "$checkout" "$home"',
  '"$mount" --bind "$checkout" "$place/source"', '"$mount" --bind "$home" "$place/home"',
  'while [ "$1" != -- ]; do "$mount" -t tmpfs -o ro,mode=0755,size=4k tmpfs "$1"; shift; done; shift',
  LIMITS, 'cd "$start"', 'exec "$@"',
].join('\n');

const tool = (name: string): string | undefined => FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
const isRoot = (): boolean => process.getuid?.() === 0;

/** What this machine lets programs be kept to. */
export function isolationHere(): Isolation {
  if (PROGRAMS.some((name) => tool(name) === undefined)) return 'none';
  const probe = makePlace();
  try {
    const [program = '', ...args] = words({ checkout: join(probe, 'home'), folder: join(probe, 'home'), home: join(probe, 'home'), hidden: [] }, probe);
    return spawnSync(program, [...args, '/bin/true'], { stdio: 'ignore' }).status === 0 ? (isRoot() ? 'full' : 'namespaces') : 'none';
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/**
 * A place in which a program sees its own processes, its commit and its home, and neither the hidden folders nor other users' processes. It gains
 * no rights; as root it is nobody. The network stays: builds fetch packages.
 */
export function sandbox(request: SandboxRequest, isolation: Isolation): Sandbox {
  if (isolation === 'none') return { words: [], cwd: request.folder, home: request.home, dispose() {} };
  const place = makePlace();
  return { words: words(request, place), cwd: '/', home: join(place, 'home'), dispose: () => rmSync(place, { recursive: true, force: true }) };
}

function makePlace(): string {
  const place = mkdtempSync(join(tmpdir(), 'aweigh-build-'));
  chmodSync(place, 0o755);
  for (const name of ['source', 'home']) mkdirSync(join(place, name));
  return place;
}

function words({ checkout, folder, home, hidden }: SandboxRequest, place: string): string[] {
  const root = isRoot();
  const own = (name: string): string => tool(name) ?? name;
  return [
    own('unshare'), ...(root ? [] : ['--map-current-user', '--keep-caps']), '--mount', '--propagation', 'slave', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc',
    '/bin/sh', '-c', SCRIPT, 'sh', own('mount'), own('chown'), checkout, home, place, root ? `${NOBODY}:${NOBODY}` : '', join(place, 'source', relative(checkout, folder)), ...hidden, '--',
    own('setpriv'), ...(root ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []), '--no-new-privs', '--inh-caps=-all', ...(root ? ['--bounding-set=-all'] : ['--ambient-caps=-all']), '--',
  ];
}
