/**
 * How long a change waits for its commit in the record: alone, and with many Applications changing at once.
 * usage: node bench/record.ts [--applications 30,1000] [--rounds 20] [--at-once 100]
 * Prints medians. The machine's disk counts: compare ratios, not times of different machines.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecordChange } from '../src/controllers/record/repository.ts';
import { openRepository } from '../src/providers/repository/git.ts';
import { silentLogger } from '../src/runtime/logger.ts';
import { systemClock } from '../src/runtime/system-clock.ts';

const { values } = parseArgs({ options: { applications: { type: 'string', default: '30,1000' }, rounds: { type: 'string', default: '20' }, 'at-once': { type: 'string', default: '100' } } });
const rounds = Number(values.rounds), atOnce = Number(values['at-once']);
/** Files of one Application's folder, and how many of them a change touches. */
const FILES = 30, TOUCHED = 4;

for (const applications of values.applications.split(',').map(Number)) await measure(applications);

async function measure(applications: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'aweigh-bench-record-'));
  const repository = await openRepository(directory, { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } });
  const commits = (): number => Number(execFileSync('git', ['-C', directory, 'rev-list', '--count', 'HEAD'], { encoding: 'utf8' }));
  try {
    await Promise.all(Array.from({ length: applications }, (_, i) => repository.commit(change(i, 0))));
    const alone: number[] = [], together: number[] = [];
    let made = 0;
    for (let round = 1; round <= rounds; round++) {
      alone.push(await timed(() => repository.commit(change(round % applications, round))));
      const before = commits();
      const many = Math.min(atOnce, applications);
      together.push(await timed(() => Promise.all(Array.from({ length: many }, (_, i) => repository.commit(change(i, rounds + round))))));
      made += commits() - before;
    }
    const one = median(alone), all = median(together);
    console.log(`${applications} Applications: one change ${one.toFixed(1)} ms; ${Math.min(atOnce, applications)} at once ${all.toFixed(1)} ms in ${(made / rounds).toFixed(1)} commits, ${(all / one).toFixed(1)} times one change`);
  } finally {
    await repository.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function change(application: number, round: number): RecordChange {
  const files = Array.from({ length: FILES }, (_, i) => [`specs/file-${i}.yaml`, `kind: Deployment\nround: ${i < TOUCHED ? round : 0}\n${'x'.repeat(1_000)}\n`] as const);
  return { directory: `applications/default/app-${application}`, files: new Map(files), subject: `app-${application}: changed`, trailers: new Map([['Reason', 'ScaleUp']]), actor: 'bench' };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
