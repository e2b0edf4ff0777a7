/**
 * What a router costs: requests through HAProxy and through the built-in router beside requests to the service itself, same client, same
 * run, in turn; and how long a share takes until every router was read back.
 * usage: npm run bench:routers [-- --seconds 4 --rounds 3 --connections 16]      writes the section Routers of bench/RESULTS.md
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRouters, startService, type BenchRouter } from './router/routers.ts';
import { measureSwitches, type Switches } from './router/switches.ts';
import { runWrk, type Load } from './router/wrk.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' }, connections: { type: 'string', default: '16' } } });
const seconds = Number(values.seconds), rounds = Number(values.rounds), connections = Number(values.connections);
for (const program of ['wrk', 'haproxy']) {
  if (spawnSync(program, ['-v']).error === undefined) continue;
  console.log(`skipped: no ${program} on the PATH (Debian: apt-get install ${program})`);
  process.exit(0);
}

interface Measured {
  readonly name: string;
  readonly loads: Load[];
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const service = await startService();
const routers: BenchRouter[] = [];
try {
  for (const options of [{ kind: 'haproxy', logPercent: 0 }, { kind: 'haproxy', logPercent: 100 }, { kind: 'builtin', logPercent: 0 }, { kind: 'builtin', logPercent: 100 }] as const) {
    routers.push(await startRouters({ ...options, service }));
  }
  const targets = [{ name: 'the service itself', address: service.address }, ...routers.map((r) => ({ name: r.name, address: r.address }))];
  const measured: Measured[] = targets.map(({ name }) => ({ name, loads: [] }));
  for (let round = 0; round < rounds; round++) for (const [i, { address }] of targets.entries()) measured[i]?.loads.push(await runWrk(address, connections, seconds));
  const table = measured.map((m) => line(m, measured[0]));
  for (const router of routers.splice(0)) await router.stop();
  const switches = [await measureSwitches('haproxy'), await measureSwitches('builtin')];
  write(table, switches);
} finally {
  for (const router of routers) await router.stop();
  await service.stop();
}

function line({ name, loads }: Measured, direct: Measured | undefined): string {
  // Pairs of the same round: what else the machine does then is in both.
  const ratio = (of: (load: Load) => number): string => `${median(loads.map((load, i) => of(load) / of(direct?.loads[i] ?? load))).toFixed(2)}×`;
  const failed = loads.reduce((sum, l) => sum + l.failed, 0);
  const row = `| ${name} | ${Math.round(median(loads.map((l) => l.perSecond)))} | ${ratio((l) => l.perSecond)} | ${median(loads.map((l) => l.p50Ms)).toFixed(2)} ms | ${median(loads.map((l) => l.p99Ms)).toFixed(2)} ms | ${ratio((l) => l.p99Ms)} | ${failed} |`;
  console.log(row);
  return row;
}

function write(table: readonly string[], switches: readonly Switches[]): void {
  const file = join(import.meta.dirname, 'RESULTS.md');
  const text = readFileSync(file, 'utf8');
  const mark = '## Routers';
  const start = text.indexOf(mark);
  const end = start < 0 ? -1 : text.indexOf('\n## ', start + mark.length);
  const before = start < 0 ? `${text.trimEnd()}\n\n` : text.slice(0, start);
  const after = end < 0 ? '' : text.slice(end + 1);
  const section = [
    mark, '',
    `\`npm run bench:routers\` on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}: \`wrk\` with ${connections} connections, ${rounds} rounds of ${seconds} s in turn, medians, ratios to the service itself in the same round. The service is a HAProxy that answers at once, so the router's whole cost shows; client, router and service share the cores, each router is one process of one thread.`, '',
    '| | requests/s | ratio | p50 | p99 | ratio | failed |', '|---|---|---|---|---|---|---|', ...table, '',
    'A share that becomes 0, from the change of the Router to its status, which says that every router was told and read back; API server, controller and (built-in) routers share the cores:', '',
    '| | routers each | alone p50 | alone p99 | at once | p50 | p99 |', '|---|---|---|---|---|---|---|',
    ...switches.map((s) => `| ${s.kind} | ${s.routers} | ${s.alone.p50.toFixed(0)} ms | ${s.alone.p99.toFixed(0)} ms | ${s.count} Routers | ${s.together.p50.toFixed(0)} ms | ${s.together.p99.toFixed(0)} ms |`), '',
  ].join('\n');
  writeFileSync(file, `${before}${section}${after === '' ? '' : `\n${after}`}`);
  console.log(section);
}
