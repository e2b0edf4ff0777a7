import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startGitServer, type GitServer } from './git-server-fixture.ts';

/** `npm run soak` sets it: each step before, during and after, and a life in between that nothing kills; otherwise every second step at one of the three in turn, one death after the other. */
const LONG = process.env['AWEIGH_SOAK'] !== undefined;
const MOMENTS = ['before', 'during', 'after'] as const;
type Moment = (typeof MOMENTS)[number];

/** A process that opens the record, commits one change and exchanges with the remote. It says what it may be held to. */
const PROCESS = `
const { openRepository } = await import(process.env.REPOSITORY);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const repository = await openRepository(process.env.RECORD, { log, clock: { now: () => Date.now(), after: (ms, call) => { const t = setTimeout(call, ms); return () => clearTimeout(t); } }, environment: { path: process.env.PATH } });
const version = process.env.VERSION;
await repository.commit({ directory: 'applications/default/shop', files: new Map([['delivery.yaml', version]]), subject: 'shop: ' + version, trailers: new Map(), actor: 'grace' });
console.log('committed');
const exchange = await repository.exchange({ url: process.env.REMOTE, branch: 'main' }, new AbortController().signal);
console.log(JSON.stringify(exchange));
await repository.close();
`;

/** git as the process finds it: at one step it kills itself, what it started and its caller, as a container's end does. */
const GIT = `#!/bin/sh
n=1; while ! mkdir "$STEPS/$n" 2>/dev/null; do n=$((n + 1)); done
die() { kill -9 $PPID; kill -9 0; }
if [ "$n" = "$STEP" ]; then
  case $MOMENT in
    before) die ;;
    after) "$REAL_GIT" "$@"; die ;;
    during) "$REAL_GIT" "$@" & sleep 0.00$((n % 7)); die ;;
  esac
fi
exec "$REAL_GIT" "$@"
`;

let root: string;
let server: GitServer;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'aweigh-git-killed-'));
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin', 'git'), GIT);
  chmodSync(join(root, 'bin', 'git'), 0o755);
  git('init', '-q', '--bare', '--initial-branch=main', join(root, 'remote.git'));
  remote('config', 'http.receivepack', 'true');
  server = await startGitServer(root);
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const remote = (...args: string[]): string => git('-C', join(root, 'remote.git'), ...args);
const record = (...args: string[]): string => git('-C', join(root, 'record'), ...args);

interface Life {
  readonly committed: boolean;
  readonly exchange: { readonly outcome: string } | undefined;
  /** Calls of git. */
  readonly steps: number;
}

/** @param step absent: nothing kills it */
function live(version: string, step?: number, moment?: Moment): Promise<Life> {
  const steps = join(root, 'steps');
  rmSync(steps, { recursive: true, force: true });
  mkdirSync(steps);
  const env = {
    PATH: `${join(root, 'bin')}${delimiter}${process.env['PATH']}`, REAL_GIT: execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(),
    REPOSITORY: new URL('git.ts', import.meta.url).href, RECORD: join(root, 'record'), REMOTE: `${server.url}/remote.git`, VERSION: version,
  };
  // What git is told of its surroundings is little: the plan goes into the script itself.
  const plan = { STEPS: steps, STEP: String(step ?? ''), MOMENT: moment ?? '', REAL_GIT: env.REAL_GIT };
  writeFileSync(join(root, 'bin', 'git'), GIT.replace('#!/bin/sh\n', `#!/bin/sh\n${Object.entries(plan).map(([name, value]) => `${name}='${value}'`).join('\n')}\n`));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROCESS], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.on('error', reject);
    child.on('close', () => {
      const [first, second] = out.split('\n');
      resolve({ committed: first === 'committed', exchange: second === undefined || second === '' ? undefined : (JSON.parse(second) as { outcome: string }), steps: readdirSync(steps).length });
    });
  });
}

test('kill -9 of the process and its git before, during and after each step: what was committed stays and reaches the remote', { timeout: 300_000 }, async () => {
  const { steps: first } = await live('v0');
  const { steps } = await live('v1');
  // A first commit begins the record, which a later one does not.
  expect(Math.min(first, steps)).toBeGreaterThan(5);
  const held: string[] = ['v0', 'v1'];
  const goesOn = async (version: string, after: string): Promise<void> => {
    held.push(version);
    expect(await live(version), after).toMatchObject({ committed: true, exchange: { outcome: 'synchronized' } });
    expect(record('status', '--porcelain'), after).toBe('');
  };
  for (let step = 1; step <= steps; step += LONG ? 1 : 2) {
    for (const moment of LONG ? MOMENTS : [MOMENTS[((step - 1) / 2) % MOMENTS.length] ?? 'before']) {
      const version = `v${step}-${moment}`;
      const killed = await live(version, step, moment);
      if (killed.committed) held.push(version);
      if (LONG) await goesOn(`${version}-again`, `${moment} step ${step}`);
    }
  }
  await goesOn('last', 'all of them');
  const told = remote('log', '--reverse', '--format=%s', 'main').split('\n').map((line) => line.replace('shop: ', ''));
  expect(told.filter((version) => held.includes(version)), 'every commit that was acknowledged, in order').toEqual(held);
  expect(new Set(told).size, 'none twice').toBe(told.length);
  expect(remote('rev-parse', 'main')).toBe(record('rev-parse', 'main'));
  expect(remote('show', 'main:applications/default/shop/delivery.yaml')).toBe(held.at(-1));
  remote('fsck', '--strict');
});

test('a killed git that left its locks behind keeps nobody out', async () => {
  await live('v0');
  for (const lock of ['index.lock', 'HEAD.lock', 'packed-refs.lock', 'config.lock', 'refs/heads/main.lock', 'refs/remotes/record/tip.lock']) writeFileSync(join(root, 'record', '.git', lock), '');
  expect(await live('v1')).toMatchObject({ committed: true, exchange: { outcome: 'synchronized' } });
});
