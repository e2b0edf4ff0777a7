/**
 * Aweigh's own controllers on Aweigh's API server, with simulated pods and routers and a real git repository as the record.
 * usage: npm run bench:controllers [-- --applications 500 --idle-seconds 30 --profile DIR]
 * Writes bench/CONTROLLERS.md; with --profile a CPU profile of the controllers instead.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { customResourceDefinitions } from '../src/api/crds.ts';
import { createClient } from '../src/client/https-client.ts';
import { CustomResourceDefinitions } from '../src/client/kinds.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { startOurs } from './apiserver/servers.ts';
import { Installation } from './controllers/installation.ts';
import { PEERS, type Measure } from './controllers/peers.ts';
import type { Figures } from './controllers/subject-process.ts';

const { values } = parseArgs({ options: { applications: { type: 'string', default: '500' }, 'idle-seconds': { type: 'string', default: '30' }, profile: { type: 'string' } } });
const count = Number(values.applications), idleSeconds = Number(values['idle-seconds']);
const ALONE = Math.min(20, Math.floor(count / 2)), TOGETHER = Math.min(100, count - ALONE), ABORTS = Math.min(30, TOGETHER);
const folder = mkdtempSync(join(tmpdir(), 'aweigh-bench-'));
const children = new Set<ChildProcess>();
const measured = new Map<Measure, string>();

const server = await startOurs(join(folder, 'data'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const one of children) one.kill('SIGKILL');
    void server.stop().finally(() => process.exit(1));
  });
}
try {
  const connection = await loadKubeconfig(join(folder, 'data', 'kubeconfig'));
  const client = createClient(connection);
  for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'bench' });
  await child('cluster-process.ts', connection);
  const options = { connection, record: join(folder, 'record') };
  let subject = await child('subject-process.ts', options);
  const installation = new Installation(client);
  await installation.start();

  const name = (i: number): string => `app-${i}`;
  const installedAt = performance.now();
  await installation.install(Array.from({ length: count }, (_, i) => name(i)));
  console.log(`${count} Applications serve their first build after ${((performance.now() - installedAt) / 1000).toFixed(1)} s`);

  const alone: number[] = [];
  for (let i = 0; i < ALONE; i++) alone.push(await installation.pushUntilPod(name(i), 'v2'));
  say('change → first new pod object', quantiles(alone));
  const togetherAt = performance.now();
  await Promise.all(Array.from({ length: TOGETHER }, (_, i) => installation.pushUntilPod(name(count - 1 - i), 'v3')));
  say('100 changes at once → all first pods', `${((performance.now() - togetherAt) / 1000).toFixed(1)} s${TOGETHER < 100 ? ` (${TOGETHER})` : ''}`);

  for (let i = 0; i < ALONE; i++) await installation.waits(name(i), 'v2');
  const aborts: number[] = [];
  for (let i = 0; i < ALONE; i++) aborts.push(await installation.abortUntilGone(name(i), 'v2'));
  say('abort → share 0, alone', quantiles(aborts));
  const others = Array.from({ length: ABORTS }, (_, i) => name(count - 1 - i));
  for (const one of others) await installation.waits(one, 'v3');
  const many = await Promise.all(others.map((one) => installation.abortUntilGone(one, 'v3')));
  say('30 aborts at once → share 0', quantiles(many));

  await quiet(subject);
  if (process.env['COUNTS']) { console.log(JSON.stringify((await ask(subject)).requests, null, 1)); for (const path of ['/api/v1/events','/api/v1/pods','/apis/apps/v1/deployments','/apis/apps/v1/replicasets','/apis/discovery.k8s.io/v1/endpointslices','/api/v1/services','/api/v1/configmaps','/api/v1/secrets','/apis/aweigh.dev/v1alpha1/releases','/apis/aweigh.dev/v1alpha1/builds','/apis/aweigh.dev/v1alpha1/routers','/apis/policy/v1/poddisruptionbudgets']) { const b=(await client.raw('GET', path)).body; console.log(path, (JSON.parse(b) as {items: unknown[]}).items.length, b.length); } }
  const before = await ask(subject);
  await pause(idleSeconds * 1000);
  const after = await ask(subject);
  const difference = Object.entries(after.requests).map(([id, n]) => [id, n - (before.requests[id] ?? 0)] as const).filter(([, n]) => n > 0);
  say('requests/s when idle', `${(difference.reduce((sum, [, n]) => sum + n, 0) / idleSeconds).toFixed(2)}${difference.length === 0 ? '' : ` (${difference.map(([id, n]) => `${n} ${id}`).join(', ')})`}`);
  say('CPU when idle', `${((after.cpuMs - before.cpuMs) / idleSeconds / 10).toFixed(2)} % of a core`);
  say('memory', `${Math.round(after.rssMb)} MB (${Math.round(after.heapMb)} MB of it objects)`);

  if (values.profile === undefined) {
    await ended(subject, () => subject.kill('SIGKILL'));
    const restartedAt = performance.now();
    subject = await child('subject-process.ts', options);
    await installation.pushUntilPod(name(0), 'v9');
    say('restart of the controller → at work again', `${((performance.now() - restartedAt) / 1000).toFixed(1)} s`);
  } else await ended(subject, () => subject.disconnect());
  installation.stop();
  client.close();
} finally {
  for (const one of children) one.kill('SIGKILL');
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (values.profile === undefined) write();

function child<T extends object>(file: string, options: T): Promise<ChildProcess> {
  const one = fork(join(import.meta.dirname, 'controllers', file), { execArgv: ['--expose-gc', ...(values.profile !== undefined && file.startsWith('subject') ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [])] });
  children.add(one);
  return new Promise((resolve, reject) => {
    one.once('message', () => resolve(one));
    one.once('exit', (code) => { children.delete(one); reject(new Error(`${file} ended with ${code}`)); });
    one.send(options);
  });
}

function ended(one: ChildProcess, end: () => void): Promise<void> {
  return new Promise((resolve) => {
    one.removeAllListeners('exit');
    one.once('exit', () => { children.delete(one); resolve(); });
    end();
  });
}

function ask(subject: ChildProcess): Promise<Figures> {
  return new Promise((resolve) => {
    subject.once('message', (figures) => resolve(figures as Figures));
    subject.send('figures');
  });
}

/** Resolves when the subject has asked for nothing for some seconds, or does not stop asking. */
async function quiet(subject: ChildProcess): Promise<void> {
  const total = async (): Promise<number> => Object.values((await ask(subject)).requests).reduce((sum, n) => sum + n, 0);
  for (let i = 0, last = await total(); i < 20; i++) {
    await pause(3_000);
    const now = await total();
    if (now === last) return;
    last = now;
  }
}

function say(what: Measure, text: string): void {
  measured.set(what, text);
  console.log(`${what.padEnd(44)} ${text}`);
}

function quantiles(list: readonly number[]): string {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (q: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN);
  return `${at(0.5)} / ${at(0.99)} ms`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function write(): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  writeFileSync(join(import.meta.dirname, 'CONTROLLERS.md'), [
    '# The release controllers', '',
    `\`npm run bench:controllers\` on ${machine}: ${count} Applications on four tracks, on Aweigh's own API server. Pods and routers are simulated, each change is a commit in a real git repository before it is in the cluster, and all shares the machine's cores (load average ${loadavg()[1]?.toFixed(1)} while it ran). Pairs are p50 / p99.`, '',
    'The figures of Argo Rollouts 1.10.1 and Flagger 1.43.0 are recorded (November 2026, two cores, real etcd and kube-apiserver, simulated pods, 500 releases), not measured in this run.', '',
    '| | Argo Rollouts, recorded | Flagger, recorded | wanted | Aweigh, this run |', '|---|---|---|---|---|',
    ...PEERS.map(({ what, argo, flagger, wanted }) => `| ${what} | ${argo} | ${flagger} | ${wanted} | ${measured.get(what) ?? '–'} |`), '',
  ].join('\n'));
}
