import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly real: number;
  readonly aweigh: number;
  /** Above 1: Aweigh is better. */
  readonly ratio: number;
  readonly wanted: number;
  /** Processor time that each server took for one request, in microseconds: it depends less on what else the machine does than rates. */
  readonly realCpuUs?: number;
  readonly aweighCpuUs?: number;
}

interface Report {
  readonly machine: string;
  readonly client: string;
  readonly rows: readonly Row[];
}

const folder = join(import.meta.dirname, '..');
const json = join(folder, 'results.json'), markdown = join(folder, 'RESULTS.md');
const findingsMark = '## Findings';

/** Writes results.json and the table of RESULTS.md; rows that this run did not measure stay, and so do the findings, which people write. */
export function writeReport(rows: readonly Row[], client: string): void {
  const before = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Report).rows : [];
  const measured = new Map(rows.map((row) => [row.what, row]));
  const all = [...before.map((row) => measured.get(row.what) ?? row), ...rows.filter((row) => !before.some((b) => b.what === row.what))];
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, Linux`;
  writeFileSync(json, `${JSON.stringify({ machine, client, rows: all } satisfies Report, null, 2)}\n`);
  const text = existsSync(markdown) ? readFileSync(markdown, 'utf8') : '';
  const findings = text.includes(findingsMark) ? text.slice(text.indexOf(findingsMark)) : `${findingsMark}\n`;
  writeFileSync(markdown, [
    '# Results', '',
    `\`npm run bench\` on ${machine}: Aweigh's API server and store beside the real etcd and kube-apiserver 1.35.4. Both durable, with RBAC and admission on; same client (${client}), same run, in turn, with the load on the same cores; medians of the rounds. The user is a service account with a role of its own. A ratio above 1 means that Aweigh is better: it is what counts, as machines differ and are noisy.`, '',
    '| | real | aweigh | ratio | wanted | CPU a request, real / aweigh |', '|---|---|---|---|---|---|',
    ...all.map((r) => `| ${r.what} | ${r.real} ${r.unit} | ${r.aweigh} ${r.unit} | ${r.ratio}× | ${r.wanted}× | ${r.realCpuUs === undefined ? '' : `${r.realCpuUs} / ${r.aweighCpuUs} µs`} |`), '',
    findings,
  ].join('\n'));
}

/** Also printed. @param better which of two figures is the better one */
export function row(what: string, unit: string, real: number, aweigh: number, wanted: number, better: 'higher' | 'lower', cpu?: { readonly realUs: number; readonly aweighUs: number }): Row {
  const round = (n: number): number => (n >= 100 ? Math.round(n) : Number(n.toFixed(1)));
  const result: Row = {
    what, unit, real: round(real), aweigh: round(aweigh), ratio: Number((better === 'higher' ? aweigh / real : real / aweigh).toFixed(2)), wanted,
    ...(cpu && { realCpuUs: Math.round(cpu.realUs), aweighCpuUs: Math.round(cpu.aweighUs) }),
  };
  console.log(`${what.padEnd(44)} real ${String(result.real).padStart(7)}  aweigh ${String(result.aweigh).padStart(7)} ${unit.padEnd(4)} ${result.ratio}×  (wanted ${wanted}×)${cpu ? `   CPU ${result.realCpuUs} / ${result.aweighCpuUs} µs a request` : ''}`);
  return result;
}

export const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
