/**
 * Aweigh's own controllers on Aweigh's API server, with simulated pods and routers and a real git repository as the record.
 * usage: npm run bench:controllers [-- --applications 500 --idle-seconds 30 --releases 200 --profile DIR]
 * `--applications 1000` for the larger size; `--releases 10000` for the long run of releases, which takes hours.
 * Writes bench/CONTROLLERS.md; with --profile a CPU profile of the controllers instead.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { customResourceDefinitions } from '../src/api/crds.ts';
import { routerName } from '../src/api/names.ts';
import { createClient } from '../src/client/https-client.ts';
import { CustomResourceDefinitions } from '../src/client/kinds.ts';
import { PART_NODE_FLAGS } from '../src/cli/processes/node-flags.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { startOurs } from './apiserver/servers.ts';
import { FOR_METRICS, Installation } from './controllers/installation.ts';
import { PEERS, type Measure } from './controllers/peers.ts';
import type { Figures, Question } from './controllers/subject-process.ts';

const { values } = parseArgs({ options: { applications: { type: 'string', default: '500' }, 'idle-seconds': { type: 'string', default: '30' }, releases: { type: 'string', default: '200' }, profile: { type: 'string' } } });
const count = Number(values.applications), idleSeconds = Number(values['idle-seconds']), releases = Number(values.releases);
const ALONE = Math.min(20, Math.floor(count / 2)), TOGETHER = Math.min(100, count - ALONE), ABORTS = Math.min(30, TOGETHER);
/** Applications whose new version begins to fail, and those that release one version after the other. */
const METERED = 10, BUSY = 10;
const folder = mkdtempSync(join(tmpdir(), 'aweigh-bench-'));
const children = new Set<ChildProcess>();
const measured = new Map<Measure, string>();

const server = await startOurs(join(folder, 'data')).catch((error: unknown) => {
  rmSync(folder, { recursive: true, force: true });
  throw error;
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const one of children) one.kill('SIGKILL');
    void server.stop().finally(() => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(1);
    });
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
  await quiet(subject);
  for (let i = 0; i < ALONE; i++) alone.push(await installation.pushUntilPod(name(i), 'v2'));
  say('change → first new pod object', quantiles(alone));
  const togetherAt = performance.now();
  await Promise.all(Array.from({ length: TOGETHER }, (_, i) => installation.pushUntilPod(name(count - 1 - i), 'v3')));
  say('100 changes at once → all first pods', `${((performance.now() - togetherAt) / 1000).toFixed(1)} s${TOGETHER < 100 ? ` (${TOGETHER})` : ''}`);

  for (let i = 0; i < ALONE; i++) await installation.waits(name(i), 'v2');
  for (let i = 0; i < TOGETHER; i++) await installation.waits(name(count - 1 - i), 'v3');
  await quiet(subject);
  const aborts: number[] = [];
  for (let i = 0; i < ALONE; i++) aborts.push(await installation.abortUntilGone(name(i), 'v2'));
  say('abort → share 0, alone', quantiles(aborts));
  const others = Array.from({ length: ABORTS }, (_, i) => name(count - 1 - i));
  await quiet(subject);
  const many = await Promise.all(others.map((one) => installation.abortUntilGone(one, 'v3')));
  say('30 aborts at once → share 0', quantiles(many));

  const metered = Array.from({ length: METERED }, (_, i) => `metered-${i}`);
  await installation.install(metered, FOR_METRICS);
  for (const one of metered) { await installation.push(one, 'v2'); await installation.waits(one, 'v2'); }
  const lost: { readonly name: string; readonly toldAt: number; readonly goneAt: number }[] = [];
  for (const one of metered) {
    const gone = installation.gone(one, 'v2').then(() => Date.now());
    subject.send({ fails: routerName(one) } satisfies Question);
    lost.push({ name: one, toldAt: Date.now(), goneAt: await gone });
  }
  const { badSamples } = await ask(subject);
  say('bad metric → share 0, after the bad sample', quantiles(lost.map(({ name: one, goneAt }) => goneAt - (badSamples[routerName(one)] ?? NaN))));
  say('bad metric → share 0, sampled each second', quantiles(lost.map(({ toldAt, goneAt }) => goneAt - toldAt)));

  await quiet(subject);
  const before = await ask(subject);
  await pause(idleSeconds * 1000);
  const after = await ask(subject);
  const difference = Object.entries(after.requests).map(([id, n]) => [id, n - (before.requests[id] ?? 0)] as const).filter(([, n]) => n > 0);
  say('requests/s when idle', `${(difference.reduce((sum, [, n]) => sum + n, 0) / idleSeconds).toFixed(2)}${difference.length === 0 ? '' : ` (${difference.map(([id, n]) => `${n} ${id}`).join(', ')})`}`);
  say('CPU when idle', `${((after.cpuMs - before.collectedCpuMs) / idleSeconds / 10).toFixed(2)} % of a core`);
  say('memory', memoryOf(after));
  say('memory of the API server', `${Math.round(server.memoryMb())} MB`);
  if (releases > 0) {
    const busy = Array.from({ length: BUSY }, (_, i) => `busy-${i}`), each = Math.ceil(releases / BUSY / 2);
    await installation.install(busy, [], { keepWarmSeconds: 0, buildHistoryLimit: 3 });
    const half = async (from: number): Promise<Figures> => {
      await Promise.all(busy.map((one) => installation.release(one, Array.from({ length: each }, (_, i) => `v${from + i}`))));
      return ask(subject);
    };
    const first = await half(2), second = await half(2 + each);
    say('memory over more releases', `${memoryOf(first)} after ${each * BUSY}, ${memoryOf(second)} after ${each * BUSY * 2}`);
  }

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
  const one = fork(join(import.meta.dirname, 'controllers', file), { execArgv: [...PART_NODE_FLAGS, '--expose-gc', ...(values.profile !== undefined && file.startsWith('subject') ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [])] });
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
    subject.send({ ask: 'figures' } satisfies Question);
  });
}

/** Resolves when the subject has asked for nothing for some seconds, or does not stop asking. */
async function quiet(subject: ChildProcess): Promise<void> {
  const total = async (): Promise<number> => Object.values((await ask(subject)).requests).reduce((sum, n) => sum + n, 0);
  for (let i = 0, last = await total(); i < 20; i++) {
    await pause(1_500);
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

function memoryOf({ rssMb, heapMb }: Figures): string {
  return `${Math.round(rssMb)} MB (${Math.round(heapMb)} MB of it objects)`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function write(): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  writeFileSync(join(import.meta.dirname, 'CONTROLLERS.md'), [
    '# The release controllers', '',
    `\`npm run bench:controllers\` on ${machine}: ${count} Applications on four tracks, on Aweigh's own API server. Pods and routers (one an Application; \`npm run bench:routers\` measures real ones) are simulated, each change is a commit in a real git repository before it is in the cluster, and all shares the machine's cores (load average ${loadavg()[1]?.toFixed(1)} while it ran). Pairs are p50 / p99.`, '',
    'The figures of Argo Rollouts 1.10.1 and Flagger 1.43.0 are recorded (November 2026, two cores, real etcd and kube-apiserver, simulated pods, 500 releases), not measured in this run.', '',
    '| | Argo Rollouts, recorded | Flagger, recorded | wanted | Aweigh, this run |', '|---|---|---|---|---|',
    ...PEERS.map(({ what, argo, flagger, wanted }) => `| ${what} | ${argo} | ${flagger} | ${wanted} | ${measured.get(what) ?? '–'} |`), '',
  ].join('\n'));
}
