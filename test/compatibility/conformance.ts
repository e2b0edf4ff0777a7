/**
 * Runs Kubernetes's own conformance tests against the API server and the engine's controllers, with two registered
 * nodes and no node process, and prints the count by area.
 * usage: npm run conformance -- [--only TEXT] [--list FILE]   needs e2e.test of Kubernetes 1.35 in $PEERS
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createClient } from '../../src/client/https-client.ts';
import type { Client } from '../../src/client/client.ts';
import { Nodes } from '../../src/client/kinds.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { createEngineControllers } from '../../src/engine/controllers/index.ts';
import { nodeLifecycleController } from '../../src/engine/controllers/node-lifecycle/controller.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock as clock, systemRandom as random } from '../../src/runtime/system-clock.ts';

interface Spec { readonly LeafNodeType: string; readonly LeafNodeText: string; readonly ContainerHierarchyTexts: readonly string[] | null; readonly State: string; readonly Failure?: { readonly Message: string } }
interface Result { readonly name: string; readonly passed: boolean; readonly failure?: string }

const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'string', default: join(import.meta.dirname, 'conformance-no-pod.txt') } } });
const program = join(process.env['PEERS'] ?? join(homedir(), '.cache/aweigh-peers/bin'), 'e2e.test');
if (!existsSync(program)) {
  console.error(`No conformance tests: ${program} is not there; build it from Kubernetes 1.35, or set PEERS to its folder`);
  process.exit(2);
}
const names = readFileSync(values.list, 'utf8').split('\n').filter((line) => line.trim() !== '' && line.includes(values.only ?? ''));
const dir = mkdtempSync(join(tmpdir(), 'aweigh-conformance-'));
const token = 'conformance';
const server = await startApiServer({ dataDir: join(dir, 'data'), log: silentLogger, clock, random, serviceCidr: '10.96.0.0/16', staticTokens: [{ token, user: 'admin', groups: ['system:masters'] }] });
const client = createClient({ server: server.url, caPem: server.caPem, token });
const stop = new AbortController();
try {
  for (const name of ['node-a', 'node-b']) await register(client, name);
  // No node process reports, so nothing may judge the nodes by their silence.
  const factories = createEngineControllers({ rootCaPem: server.caPem }).filter((factory) => factory !== nodeLifecycleController);
  const controllers = runControllers({ factories, client, clock, random, log: silentLogger, signal: stop.signal });
  const results = await run();
  print(results);
  stop.abort();
  await controllers;
  process.exitCode = results.length === names.length && results.every((r) => r.passed) ? 0 : 1;
} finally {
  stop.abort();
  client.close();
  await server.close();
  rmSync(dir, { recursive: true });
}

async function register(to: Client, name: string): Promise<void> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const made = await to.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } } });
  const quantities = { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '20Gi' };
  await to.updateStatus(Nodes, { ...made, status: {
    capacity: quantities, allocatable: quantities, addresses: [{ type: 'InternalIP', address: name === 'node-a' ? '10.0.0.1' : '10.0.0.2' }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'registered', lastHeartbeatTime: now, lastTransitionTime: now }],
  } });
  // A new node is tainted until it is judged ready; nobody judges here.
  await to.patch(Nodes, { name }, { spec: { taints: null } });
}

async function run(): Promise<Result[]> {
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.caPem).toString('base64') } }], users: [{ name: 'u', user: { token } }],
  }));
  const focus = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|');
  const report = join(dir, 'report.json');
  const child = spawn(program, [
    `--kubeconfig=${kubeconfig}`, '--provider=skeleton', '--minStartupPods=0', '--system-daemonsets-startup-timeout=0s', '--node-schedulable-timeout=30s',
    `--ginkgo.focus=${focus}`, `--ginkgo.json-report=${report}`, '--ginkgo.timeout=30m', '--ginkgo.no-color',
  ], { stdio: ['ignore', process.env['E2E_LOG'] ? 'inherit' : 'ignore', 'inherit'] });
  // Whoever ends this run gets what was run so far, and nothing stays behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGINT'));
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
