/**
 * Aweigh's API server and store beside the real etcd and kube-apiserver, same client, same run, in turn.
 * usage: npm run bench [-- --seconds 4 --rounds 2]      writes bench/results.json and bench/RESULTS.md
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load, type Target } from './apiserver/load-client.ts';
import { hasPeers, peersFolder, startOurs, startReal, type RunningServer } from './apiserver/servers.ts';
import { OPERATIONS, prepare, type Operation } from './apiserver/workload.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '2' } } });
const seconds = Number(values.seconds), rounds = Number(values.rounds);
const SETTLE_MS = 3_000;

interface Row {
  readonly what: string;
  readonly unit: string;
  readonly real: number;
  readonly aweigh: number;
  /** Above 1: Aweigh is better. */
  readonly ratio: number;
  readonly wanted: number;
}

if (!hasPeers()) {
  console.log(`skipped: no etcd and kube-apiserver in ${peersFolder()}; build them, or name their folder with PEERS`);
  process.exit(0);
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const folder = mkdtempSync(join(tmpdir(), 'aweigh-bench-'));
const rows: Row[] = [];
const servers: RunningServer[] = [];
try {
  const startsReal: number[] = [], startsOurs: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (const server of servers.splice(0)) await server.stop();
    const real = await startReal(join(folder, `real-${round}`));
    servers.push(real);
    startsReal.push(real.readyMs);
    const ours = await startOurs(join(folder, `ours-${round}`));
    servers.push(ours);
    startsOurs.push(ours.readyMs);
  }
  rows.push(row('ready from nothing', 'ms', median(startsReal), median(startsOurs), 10, 'lower'));
  const [real, ours] = servers;
  if (real === undefined || ours === undefined) throw new Error('Both servers must run');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  rows.push(row('memory, idle', 'MB', real.memoryMb(), ours.memoryMb(), 3, 'lower'));
  await prepare(real.target);
  await prepare(ours.target);
  for (const operation of OPERATIONS) rows.push(await compare(operation, real.target, ours.target));
  rows.push(row('memory, after the load', 'MB', real.memoryMb(), ours.memoryMb(), 3, 'lower'));
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function compare(operation: Operation, real: Target, ours: Target): Promise<Row> {
  const rates = { real: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of [['real', real], ['ours', ours]] as const) {
      const result = await load(target, operation.connections, seconds, operation.request);
      if (result.failed > 0) console.error(`${operation.name}, ${name}: ${result.failed} requests failed`);
      rates[name].push(result.perSecond);
    }
  }
  return row(`${operation.name}, ${operation.connections} connections`, '1/s', median(rates.real), median(rates.ours), operation.wanted, 'higher');
}

function row(what: string, unit: string, real: number, aweigh: number, wanted: number, better: 'higher' | 'lower'): Row {
  const result = { what, unit, real: Math.round(real), aweigh: Math.round(aweigh), ratio: Number((better === 'higher' ? aweigh / real : real / aweigh).toFixed(2)), wanted };
  console.log(`${what.padEnd(44)} real ${String(result.real).padStart(7)}  aweigh ${String(result.aweigh).padStart(7)} ${unit.padEnd(4)} ${result.ratio}×  (wanted ${wanted}×)`);
  return result;
}

const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, Linux`;
writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify({ machine, seconds, rounds, rows }, null, 2)}\n`);
writeFileSync(join(import.meta.dirname, 'RESULTS.md'), [
  '# Results', '', `\`npm run bench\` on ${machine}: the API server and store beside the real etcd and kube-apiserver 1.35.4, both durable, both with the load on the same cores, in turn, ${rounds} rounds of ${seconds} s, medians. A ratio above 1 means that Aweigh is better. Machines differ and are noisy: the ratio is what counts.`, '',
  '| | real | aweigh | ratio | wanted |', '|---|---|---|---|---|',
  ...rows.map((r) => `| ${r.what} | ${r.real} ${r.unit} | ${r.aweigh} ${r.unit} | ${r.ratio}× | ${r.wanted}× |`), '',
].join('\n'));
