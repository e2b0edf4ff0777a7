import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The long form of tests, in pieces that each end within a known time, alone or one after the other. */
interface Piece {
  readonly proves: string;
  /** It is ended, and has failed, after so long. About three times what it takes on two cores without other work. */
  readonly limitMinutes: number;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const vitest = (project: string, ...args: string[]): Piece['command'] => ['vitest', 'run', '--project', project, ...args];

const PIECES: Readonly<Record<string, Piece>> = {
  model: { proves: '100,000 steps of the release state machine, and of several Applications together', limitMinutes: 10, command: vitest('unit', 'src/controllers/release/model.test.ts', 'src/controllers/release/installation-model.test.ts', 'src/controllers/release/wakes.test.ts'), env: { AWEIGH_MODEL_STEPS: '100000' } },
  record: { proves: 'a record that is killed, or loses power, between any two steps', limitMinutes: 15, command: vitest('unit', 'src/providers/repository/git-killed.test.ts', 'src/providers/repository/git-power-cut.test.ts') },
  notifications: { proves: 'kills before and after every write and message of an alert and its recovery', limitMinutes: 10, command: vitest('integration', 'test/integration/notifications.test.ts') },
  fuzz: { proves: '100,000 random and mutated requests', limitMinutes: 20, command: vitest('integration', 'test/compatibility/fuzz.test.ts'), env: { AWEIGH_FUZZ_REQUESTS: '100000' } },
  'scenarios-haproxy': { proves: 'every release scenario with HAProxy', limitMinutes: 25, command: vitest('e2e', 'test/e2e/release-scenarios-haproxy.test.ts') },
  'scenarios-builtin': { proves: 'every release scenario with the built-in router', limitMinutes: 25, command: vitest('e2e', 'test/e2e/release-scenarios-builtin.test.ts') },
  'kills-controllers': { proves: 'kills of the controllers before and after a dozen steps of each kind of one release', limitMinutes: 35, command: vitest('e2e', 'test/e2e/kill-at-every-step.test.ts', '-t', 'the controllers process') },
  'kills-node': { proves: 'kills of the node before and after a dozen steps of each kind of one release', limitMinutes: 35, command: vitest('e2e', 'test/e2e/kill-at-every-step.test.ts', '-t', 'the node process') },
  pushes: { proves: 'a push every 10 seconds for five minutes, under load', limitMinutes: 20, command: vitest('soak', 'test/soak/frequent-pushes.test.ts') },
  installation: { proves: '30 releases at once with real programs, routers and requests', limitMinutes: 50, command: vitest('soak', 'test/soak/installation.test.ts') },
};

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, PATH: `${root}node_modules/.bin:${process.env['PATH']}`, AWEIGH_SOAK: '1' };

function run({ command: [program, ...args], env: more, limitMinutes }: Piece): Promise<'ok' | 'failed' | 'too slow'> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: { ...env, ...more }, stdio: 'inherit' });
    let late = false;
    const timer = setTimeout(() => { late = true; child.kill('SIGTERM'); }, limitMinutes * 60_000);
    child.on('error', () => resolve('failed'));
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(late ? 'too slow' : code === 0 ? 'ok' : 'failed');
    });
  });
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(PIECES, name));
if (unknown.length > 0) {
  console.error(`No piece is named ${unknown.join(', ')}. The pieces are:\n${Object.entries(PIECES).map(([name, { proves, limitMinutes }]) => `  ${name.padEnd(18)} ${proves} (at most ${limitMinutes} min)`).join('\n')}`);
  process.exit(2);
}

await import('./build.ts');
const lines: string[] = [];
let failed = 0;
const chosen = Object.entries(PIECES).filter(([name]) => named.length === 0 || named.includes(name));
for (const [name, piece] of chosen) {
  console.log(`\n${name}: ${piece.proves}`);
  const started = Date.now();
  const outcome = await run(piece);
  if (outcome !== 'ok') failed++;
  lines.push(`${outcome.padEnd(9)} ${name.padEnd(18)} ${((Date.now() - started) / 1_000).toFixed(0)} s of at most ${piece.limitMinutes * 60} s`);
}
console.log(`\n${lines.join('\n')}\n${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
