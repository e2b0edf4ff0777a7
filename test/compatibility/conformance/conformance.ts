/**
 * Runs Kubernetes's own conformance tests and prints the count by area: those that need no running pod against the API server and the engine's controllers,
 * with two registered nodes and no node process; with --cluster those that may need one against `aweigh up`, with images replaced by local builds.
 * usage: npm run conformance -- [--cluster] [--parallel N] [--timeout 30m] [--only TEXT] [--list FILE]   needs e2e.test (and agnhost) of Kubernetes 1.35 in $PEERS
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { peersFolder } from '../../../bench/apiserver/servers.ts';
import { kubectlBinary } from '../../e2e/kubectl-binary.ts';
import { startWithRegisteredNodes } from './registered-nodes.ts';
import { startRunningCluster } from './running-cluster.ts';

interface Spec { readonly LeafNodeType: string; readonly LeafNodeText: string; readonly ContainerHierarchyTexts: readonly string[] | null; readonly State: string; readonly Failure?: { readonly Message: string } }
interface Result { readonly name: string; readonly passed: boolean; readonly failure?: string }

const { values } = parseArgs({ options: { only: { type: 'string' }, cluster: { type: 'boolean', default: false }, parallel: { type: 'string', default: '1' }, timeout: { type: 'string', default: '30m' }, list: { type: 'string' } } });
const list = values.list ?? join(import.meta.dirname, values.cluster ? 'with-pods.txt' : 'no-pod.txt');
const program = join(peersFolder(), 'e2e.test');
if (!existsSync(program)) {
  console.error(`No conformance tests: ${program} is not there; build it from Kubernetes 1.35, or set PEERS to its folder`);
  process.exit(2);
}
const names = readFileSync(list, 'utf8').split('\n').filter((line) => line.trim() !== '' && line.includes(values.only ?? ''));
// Whoever ends this run gets what was run so far, and nothing stays behind.
const interrupting = new AbortController();
const interrupted = interrupting.signal;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupting.abort());
const dir = mkdtempSync(join(tmpdir(), 'aweigh-conformance-'));
const target = values.cluster ? await startRunningCluster(dir, join(peersFolder(), 'agnhost')) : await startWithRegisteredNodes(dir);
try {
  const together = names.filter((name) => !/\[(?:Serial|Disruptive)\]/.test(name));
  const parts = Array.from({ length: Math.max(1, Number(values.parallel)) }, (_, i) => together.filter((_name, n) => n % Number(values.parallel) === i)).filter((part) => part.length > 0);
  const results = (await Promise.all(parts.map(run))).flat();
  const alone = names.filter((name) => !together.includes(name));
  if (alone.length > 0) results.push(...(await run(alone, parts.length)));
  print(results);
  process.exitCode = results.length === names.length && results.every((r) => r.passed) ? 0 : 1;
} finally {
  await target.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function run(some: readonly string[], part: number): Promise<Result[]> {
  const focus = some.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|');
  const report = join(dir, `report-${part}.json`);
  const [first, ...words] = target.words(program,
    `--kubeconfig=${target.kubeconfig}`, '--provider=skeleton', '--minStartupPods=0', '--system-daemonsets-startup-timeout=0s', '--node-schedulable-timeout=30s',
    `--kubectl-path=${kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache'))}`, `--ginkgo.focus=${focus}`, `--ginkgo.json-report=${report}`, `--ginkgo.timeout=${values.timeout}`, '--ginkgo.no-color');
  const child = spawn(first, words, { stdio: ['ignore', process.env['E2E_LOG'] ? 'inherit' : 'ignore', 'inherit'] });
  interrupted.addEventListener('abort', () => child.kill('SIGINT'));
  await new Promise((resolve) => { child.on('exit', resolve); });
  if (!existsSync(report)) throw new Error('The conformance run ended without a report; run it again with --only to see which test stops it');
  const suites = JSON.parse(readFileSync(report, 'utf8')) as { SpecReports: Spec[] }[];
  return suites.flatMap((s) => s.SpecReports).filter((s) => s.State !== 'skipped' && s.LeafNodeType === 'It').map((s) => ({
    name: [...(s.ContainerHierarchyTexts ?? []), s.LeafNodeText].join(' '), passed: s.State === 'passed', ...(s.Failure ? { failure: s.Failure.Message } : {}),
  }));
}

function print(results: readonly Result[]): void {
  const areas = new Map<string, { passed: number; all: number }>();
  for (const { name, passed } of results) {
    const area = /^\[([\w-]+)\]/.exec(name)?.[1] ?? 'other';
    const count = areas.get(area) ?? { passed: 0, all: 0 };
    areas.set(area, { passed: count.passed + Number(passed), all: count.all + 1 });
  }
  for (const r of results.filter((x) => !x.passed)) console.log(`FAILED ${r.name}\n       ${(r.failure ?? '').split('\n')[0]?.slice(0, 300)}`);
  for (const [area, { passed, all }] of [...areas].sort()) console.log(`${area.padEnd(24)} ${passed} of ${all}`);
  console.log(`${'all'.padEnd(24)} ${results.filter((r) => r.passed).length} of ${results.length} run, ${names.length} wanted`);
}
