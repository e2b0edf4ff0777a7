import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { PEERS, type Measure } from './peers.ts';

const FILE = join(import.meta.dirname, '..', 'CONTROLLERS.md');

/** What one run has measured so far, as bench/CONTROLLERS.md shows it. */
export class Table {
  readonly #applications: number;
  readonly #kept: boolean;
  readonly #measured = new Map<Measure, string>();
  #hops: readonly string[] = [];
  #load = 0;

  /** @param kept false: figures are only printed */
  constructor(applications: number, kept: boolean) {
    this.#applications = applications;
    this.#kept = kept;
  }

  say(what: Measure, text: string): void {
    this.#measured.set(what, text);
    console.log(`${what.padEnd(44)} ${text}`);
    this.#write();
  }

  /** @param hops the way from a change to its pod: what was there, after how many milliseconds */
  sayHops(hops: ReadonlyMap<string, number>): void {
    this.#hops = [...hops].map(([what, ms]) => `${what} ${Math.round(ms)}`);
    console.log(`${'of that, ms to the first'.padEnd(44)} ${this.#hops.join(', ')}`);
    this.#write();
  }

  #write(): void {
    if (!this.#kept) return;
    this.#load = Math.max(this.#load, loadavg()[1] ?? 0);
    const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
    writeFileSync(FILE, [
      '# The release controllers', '',
      `\`npm run bench:controllers\` on ${machine}: ${this.#applications} Applications on four tracks, on Aweigh's own API server. Pods and routers (one an Application; \`npm run bench:routers\` measures real ones) are simulated, each change is a commit in a real git repository before it is in the cluster, and all shares the machine's cores (load average at most ${this.#load.toFixed(1)} while it ran). Pairs are p50 / p99; – is what this run did not measure.`, '',
      'The figures of Argo Rollouts 1.10.1 and Flagger 1.43.0 are recorded (November 2026, two cores, real etcd and kube-apiserver, simulated pods, 500 releases), not measured in this run.', '',
      '| | Argo Rollouts, recorded | Flagger, recorded | wanted | Aweigh, this run |', '|---|---|---|---|---|',
      ...PEERS.map(({ what, argo, flagger, wanted }) => `| ${what} | ${argo} | ${flagger} | ${wanted} | ${this.#measured.get(what) ?? '–'} |`), '',
      ...(this.#hops.length === 0 ? [] : [`On the way from a change to its first pod, the medians in ms until each is seen: ${this.#hops.join(', ')}.`, '']),
    ].join('\n'));
  }
}

export function quantiles(list: readonly number[]): string {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (q: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN);
  return `${at(0.5)} / ${at(0.99)} ms`;
}
