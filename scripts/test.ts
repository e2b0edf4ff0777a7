import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Passed, failed and skipped single tests; a check such as `types` counts as one. */
interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const results = mkdtempSync(join(tmpdir(), 'aweigh-test-'));
const env = { ...process.env, PATH: `${root}node_modules/.bin:${process.env['PATH']}` };
const only = process.argv.slice(2);

function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('exit', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

async function check(name: string, command: readonly string[]): Promise<Outcome> {
  const started = Date.now();
  const { code, output } = await run(command);
  if (code !== 0) console.log(output);
  return report({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds: (Date.now() - started) / 1000 });
}

async function vitest(project: string): Promise<Outcome> {
  const started = Date.now();
  const file = join(results, `${project}.json`);
  const { code, output } = await run(['vitest', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  console.log(output);
  let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  try {
    counts = { ...counts, ...JSON.parse(readFileSync(file, 'utf8')) };
  } catch {
    // No report: the run itself broke, and its code says so.
  }
  // A file that does not load fails no test of its own.
  const failed = code === 0 ? counts.numFailedTests : Math.max(1, counts.numFailedTests);
  return report({ name: project, passed: counts.numPassedTests, failed, skipped: counts.numPendingTests + counts.numTodoTests, seconds: (Date.now() - started) / 1000 });
}

function report(outcome: Outcome): Outcome {
  const { name, passed, failed, skipped, seconds } = outcome;
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}, ${seconds.toFixed(1)} s`);
  return outcome;
}

const checks: Record<string, () => Promise<Outcome>> = {
  build: () => check('build', ['node', 'scripts/build.ts']),
  types: () => check('types', ['tsc', '--noEmit']),
  lint: () => check('lint', ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'scripts', 'bench', 'examples']),
  deps: () => check('deps', ['node', 'scripts/check-dependencies.ts']),
  unused: () => check('unused', ['knip']),
  lock: () => check('lock', ['node', 'scripts/lock-file.ts']),
  unit: () => vitest('unit'),
  integration: () => vitest('integration'),
  e2e: () => vitest('e2e'),
};
const unknown = only.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`No check is named ${unknown.join(', ')}: the checks are ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
const wanted = (names: readonly string[]) => names.filter((name) => only.length === 0 || only.includes(name)).map((name) => checks[name]!());
// Checks that only read run together; tests measure time, so each has the machine for itself.
outcomes.push(...(await Promise.all(wanted(['build', 'types']))));
outcomes.push(...(await Promise.all(wanted(['lint', 'deps', 'unused', 'lock']))));
for (const name of ['unit', 'integration', 'e2e']) outcomes.push(...(await Promise.all(wanted([name]))));
rmSync(results, { recursive: true, force: true });

const sum = (field: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, outcome) => total + outcome[field], 0);
const skippedInCi = process.env['CI'] !== undefined && sum('skipped') > 0;
if (skippedInCi) console.log(`${sum('skipped')} tests were skipped: under CI every test has what it needs and runs`);
console.log(`${sum('passed')} passed, ${sum('failed') + (skippedInCi ? sum('skipped') : 0)} failed`);
process.exitCode = sum('failed') > 0 || skippedInCi ? 1 : 0;
