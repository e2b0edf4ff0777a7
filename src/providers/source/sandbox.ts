import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

export interface Isolation {
  /** `full`: namespaces, and as root the user `nobody`; `namespaces`: those alone; `none`: this machine lets nobody make any. */
  readonly kind: 'full' | 'namespaces' | 'none';
  /** A network with nothing but loopback can be made. */
  readonly ownNetwork: boolean;
}

export interface SandboxRequest {
  /** What the program may write to: the checked out commit. */
  readonly checkout: string;
  /** Below the checkout; where it starts. */
  readonly folder: string;
  readonly home: string;
  /** Folders of which it sees nothing. */
  readonly hidden: readonly string[];
  /** False: it reaches loopback alone, and that is its own. */
  readonly network: boolean;
  /** What one process may have. */
  readonly memoryBytes: number;
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
/**
 * A commit that runs wild leaves no core, and fills neither the disk with one file (blocks of 512 bytes) nor the process table; shells differ in
 * that one's letter. What it has for itself is limited (kilobytes), not what it maps, of which some runtimes take terabytes. Where memory ends
 * all the same, it is the kernel's first choice.
 */
const limits = (memoryBytes: number): string => [
  'ulimit -c 0 || :; ulimit -f 33554432 || :; { ulimit -p 4096 || ulimit -u 4096 || :; } 2>/dev/null',
  `ulimit -d ${Math.floor(memoryBytes / 1024)} || :; { echo 1000 > /proc/self/oom_score_adj || :; } 2>/dev/null`,
].join('\n');
/** Arguments: the tools mount, chown and ip (empty: the network stays), checkout and home with their new places, the owner (empty: as it is), where to start, hidden folders until `--`, the program. */
const script = (memoryBytes: number): string => [
  'set -e', 'mount=$1; chown=$2; ip=$3; checkout=$4; home=$5; place=$6; owner=$7; start=$8; shift 8', '[ -z "$ip" ] || "$ip" link set lo up',
  '[ -z "$owner" ] || "$chown" -R "$owner" "$checkout" "$home"',
  '"$mount" --bind "$checkout" "$place/source"', '"$mount" --bind "$home" "$place/home"',
  'while [ "$1" != -- ]; do "$mount" -t tmpfs -o ro,mode=0755,size=4k tmpfs "$1"; shift; done; shift',
  limits(memoryBytes), 'cd "$start"', 'exec "$@"',
].join('\n');

const tool = (name: string): string | undefined => FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
/** Whoever is served by this machine comes first. */
const LAST_IN_TURN: readonly string[] = tool('nice') === undefined ? [] : [tool('nice') ?? '', '-n', '10'];
const PROBE_BYTES = 2 ** 30;
const isRoot = (): boolean => process.getuid?.() === 0;

/** What this machine lets programs be kept to. */
export function isolationHere(): Isolation {
  const none: Isolation = { kind: 'none', ownNetwork: false };
  if (PROGRAMS.some((name) => tool(name) === undefined)) return none;
  const probe = makePlace();
  const home = join(probe, 'home');
  const works = (network: boolean): boolean => {
    const [program = '', ...args] = words({ checkout: home, folder: home, home, hidden: [], network, memoryBytes: PROBE_BYTES }, probe);
    return spawnSync(program, [...args, '/bin/true'], { stdio: 'ignore' }).status === 0;
  };
  try {
    return works(true) ? { kind: isRoot() ? 'full' : 'namespaces', ownNetwork: tool('ip') !== undefined && works(false) } : none;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/**
 * A place in which a program sees its own processes, its commit and its home, and neither the hidden folders nor other users' processes. It gains
 * no rights; as root it is nobody. Where no place can be made it is kept to its limits alone.
 */
export function sandbox(request: SandboxRequest, isolation: Isolation): Sandbox {
  if (isolation.kind === 'none') return { words: [...LAST_IN_TURN, '/bin/sh', '-c', `${limits(request.memoryBytes)}\nexec "$@"`, 'sh'], cwd: request.folder, home: request.home, dispose() {} };
  const place = makePlace();
  return { words: words({ ...request, network: request.network || !isolation.ownNetwork }, place), cwd: '/', home: join(place, 'home'), dispose: () => rmSync(place, { recursive: true, force: true }) };
}

function makePlace(): string {
  const place = mkdtempSync(join(tmpdir(), 'aweigh-build-'));
  chmodSync(place, 0o755);
  for (const name of ['source', 'home']) mkdirSync(join(place, name));
  return place;
}

function words({ checkout, folder, home, hidden, network, memoryBytes }: SandboxRequest, place: string): string[] {
  const root = isRoot();
  const own = (name: string): string => tool(name) ?? name;
  return [
    ...LAST_IN_TURN, own('unshare'), ...(network ? [] : ['--net']), ...(root ? [] : ['--map-current-user', '--keep-caps']), '--mount', '--propagation', 'slave', '--ipc', '--pid', '--fork', '--kill-child', '--mount-proc',
    '/bin/sh', '-c', script(memoryBytes), 'sh', own('mount'), own('chown'), network ? '' : own('ip'), checkout, home, place, root ? `${NOBODY}:${NOBODY}` : '', join(place, 'source', relative(checkout, folder)), ...hidden, '--',
    own('setpriv'), ...(root ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []), '--no-new-privs', '--inh-caps=-all', ...(root ? ['--bounding-set=-all'] : ['--ambient-caps=-all']), '--',
  ];
}
