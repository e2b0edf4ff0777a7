/**
 * Aweigh's API server and store beside the real etcd and kube-apiserver, same client, same run, in turn.
 * usage: npm run bench [-- --seconds 4 --rounds 2 --parts start,load,watch,stored,growth --only 'gets,updates']
 * Writes bench/results.json and bench/RESULTS.md. `growth` needs no peers: it compares Aweigh with itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasWrk, runLoad } from './apiserver/load.ts';
import type { Target } from './apiserver/load-client.ts';
import { median, row, writeReport, type Row } from './apiserver/report.ts';
import { hasPeers, peersFolder, startOurs, startReal, type RunningServer } from './apiserver/servers.ts';
import { watchLatency } from './apiserver/watch-latency.ts';
import { createRequest, OPERATIONS, prepare, type Operation } from './apiserver/workload.ts';

const { values } = parseArgs({ options: {
  seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '2' }, parts: { type: 'string', default: 'start,load,watch,stored,growth' }, only: { type: 'string' },
} });
const seconds = Number(values.seconds), rounds = Number(values.rounds);
const parts = values.parts.split(',');
const operations = OPERATIONS.filter((o) => values.only === undefined || values.only.split(',').includes(o.name));
const SETTLE_MS = 3_000;
const STORED = 20_000;

if (!hasPeers()) {
  console.log(`skipped: no etcd and kube-apiserver in ${peersFolder()}; build them, or name their folder with PEERS`);
  process.exit(0);
}
if (!hasWrk) console.log('wrk is not there (apt-get install wrk): this process makes the load and takes part of the processor from the servers, so rates are lower and ratios flatter');

interface Pair { readonly real: RunningServer; readonly ours: RunningServer }

const folder = mkdtempSync(join(tmpdir(), 'aweigh-bench-'));
const running = new Set<RunningServer>();
const rows: Row[] = [];
try {
  for (const [part, measure] of Object.entries({ start: measureStart, load: measureLoad, watch: measureWatch, stored: measureStored, growth: measureGrowth })) {
    if (!parts.includes(part)) continue;
    await measure();
    writeReport(rows, hasWrk ? 'wrk' : 'the bench itself');
  }
} finally {
  for (const server of running) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function started(start: (directory: string) => Promise<RunningServer>, name: string): Promise<RunningServer> {
  const server = await start(join(folder, name));
  running.add(server);
  return server;
}

async function stopped(...servers: readonly RunningServer[]): Promise<void> {
  for (const server of servers) {
    await server.stop();
    running.delete(server);
  }
}

async function bothStarted(name: string): Promise<Pair> {
  return { real: await started(startReal, `real-${name}`), ours: await started(startOurs, `ours-${name}`) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function measureStart(): Promise<void> {
  const ready = { real: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 3; round++) {
    const { real, ours } = await bothStarted(`start-${round}`);
    ready.real.push(real.readyMs);
    ready.ours.push(ours.readyMs);
    if (round === 2) {
      await pause(SETTLE_MS);
      rows.push(row('memory, idle', 'MB', real.memoryMb(), ours.memoryMb(), 3, 'lower'));
    }
    await stopped(real, ours);
  }
  rows.push(row('ready from nothing', 'ms', median(ready.real), median(ready.ours), 10, 'lower'));
}

async function measureLoad(): Promise<void> {
  const { real, ours } = await bothStarted('load');
  const targets = { real: await prepare(real.target), ours: await prepare(ours.target) };
  for (const operation of operations) rows.push(await compare(operation, { real, ours }, targets));
  await pause(SETTLE_MS);
  rows.push(row('memory, after the load', 'MB', real.memoryMb(), ours.memoryMb(), 3, 'lower'));
  await stopped(real, ours);
}

async function measureWatch(): Promise<void> {
  const { real, ours } = await bothStarted('watch');
  const targets = { real: await prepare(real.target), ours: await prepare(ours.target) };
  for (const [watchers, creates] of [[100, 100], [1_000, 60]] as const) {
    const [theirs, own] = [await watchLatency(targets.real, watchers, creates), await watchLatency(targets.ours, watchers, creates)];
    if (Math.min(theirs.delivered, own.delivered) < 1) console.error(`${watchers} watchers: ${theirs.delivered * 100} % and ${own.delivered * 100} % of the events came`);
    rows.push(row(`watch p99, ${watchers} watchers`, 'ms', theirs.p99, own.p99, 1, 'lower'));
  }
  await stopped(real, ours);
}

async function compare(operation: Operation, servers: Pair, targets: { real: Target; ours: Target }): Promise<Row> {
  const rates = { real: [] as number[], ours: [] as number[] }, cpuUs = { real: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ['real', 'ours'] as const) {
      const requests = await operation.requests(targets[name], round);
      const before = servers[name].cpuSeconds();
      const result = await runLoad(targets[name], requests, { connections: operation.connections, seconds: operation.once === true ? 60 : seconds, ...(operation.once === true && { once: true }), folder });
      if (result.failed > 0) console.error(`${operation.name}, ${name}: ${result.failed} requests failed`);
      rates[name].push(result.perSecond);
      cpuUs[name].push(((servers[name].cpuSeconds() - before) / result.requests) * 1e6);
    }
  }
  return row(`${operation.name}, ${operation.connections} connections`, '1/s', median(rates.real), median(rates.ours), operation.wanted, 'higher', { realUs: median(cpuUs.real), aweighUs: median(cpuUs.ours) });
}

/** Makes pods until at least so many are there. */
async function fill(target: Target, count: number): Promise<void> {
  for (let made = 0; made < count;) {
    const result = await runLoad(target, [createRequest()], { connections: 32, seconds: 2, folder });
    if (result.failed > 0) throw new Error(`${result.failed} creates failed`);
    made += result.requests;
  }
}

async function measureStored(): Promise<void> {
  const memory = { real: NaN, ours: NaN }, ready = { real: NaN, ours: NaN }, again = { real: NaN, ours: NaN };
  for (const [name, start] of [['real', startReal], ['ours', startOurs]] as const) {
    const first = await started(start, `${name}-stored`);
    await fill(await prepare(first.target), STORED);
    await pause(SETTLE_MS);
    memory[name] = first.memoryMb();
    await stopped(first);
    const second = await started(start, `${name}-stored`);
    ready[name] = second.readyMs;
    await pause(SETTLE_MS);
    again[name] = second.memoryMb();
    await stopped(second);
  }
  rows.push(
    row('memory, 20,000 pods made', 'MB', memory.real, memory.ours, 3, 'lower'), row('ready with 20,000 pods', 'ms', ready.real, ready.ours, 3, 'lower'),
    row('memory, started with 20,000 pods', 'MB', again.real, again.ours, 3, 'lower'),
  );
}

/** Creates at 100,000 objects beside those at 1,000, on Aweigh alone: the columns are then the two sizes. */
async function measureGrowth(): Promise<void> {
  const server = await started(startOurs, 'ours-growth');
  const target = await prepare(server.target);
  const rate = async (): Promise<number> => {
    const results = [];
    for (let round = 0; round < 3; round++) results.push((await runLoad(target, [createRequest()], { connections: 32, seconds: 2, folder })).perSecond);
    return median(results);
  };
  await fill(target, 500);
  const early = await rate();
  await fill(target, 100_000 - 1_000 - early * 6);
  rows.push(row('creates: aweigh at 1,000 and at 100,000 objects', '1/s', early, await rate(), 0.8, 'higher'));
  await stopped(server);
}
