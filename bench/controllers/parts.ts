import { routerName } from '../../src/api/names.ts';
import { FOR_METRICS } from './installation.ts';
import { pause, type Stage } from './stage.ts';
import type { Figures } from './subject-process.ts';
import { quantiles, type Table } from './table.ts';

export interface Sizes {
  readonly count: number;
  /** Changes, and aborts, that are made one after the other. */
  readonly alone: number;
  /** Changes that are made at once. */
  readonly together: number;
  readonly aborts: number;
  readonly idleSeconds: number;
  readonly releases: number;
  /** No release is begun after so long. */
  readonly releaseMs: number;
}

type Part = (stage: Stage, sizes: Sizes, table: Table) => Promise<void>;

/** Applications whose new version begins to fail, and those that release one version after the other. */
const METERED = 10, BUSY = 10;
/** Looks at the memory while releases go on. */
const LOOKS = 4;

/** By name, in the order in which they are made. */
export const PARTS: Readonly<Record<string, Part>> = { changes, aborts, metrics, idle, restart, releases };

const name = (i: number): string => `app-${i}`;
const others = (count: number, many: number): string[] => Array.from({ length: many }, (_, i) => name(count - 1 - i));

async function changes(stage: Stage, { alone, together, count }: Sizes, table: Table): Promise<void> {
  const took: number[] = [], hops: ReadonlyMap<string, number>[] = [];
  await stage.quiet();
  for (let i = 0; i < alone; i++) {
    const way = await stage.installation.pushUntilPod(name(i), 'v2');
    hops.push(way);
    took.push(way.get('Pod') ?? NaN);
  }
  table.say('change → first new pod object', quantiles(took));
  table.sayHops(medians(hops));
  const from = performance.now();
  await Promise.all(others(count, together).map((one) => stage.installation.pushUntilPod(one, 'v3')));
  table.say('100 changes at once → all first pods', `${((performance.now() - from) / 1000).toFixed(1)} s${together < 100 ? ` (${together})` : ''}`);
}

/** Takes back releases that wait on their first track: those of the changes, where these were made before. */
async function aborts(stage: Stage, { alone, aborts: atOnce, count }: Sizes, table: Table): Promise<void> {
  const { installation } = stage;
  const one = Array.from({ length: alone }, (_, i) => ({ name: name(i), version: 'v2' })), many = others(count, atOnce).map((other) => ({ name: other, version: 'v3' }));
  await Promise.all([...one, ...many].map(({ name: application, version }) => installation.brought(application, version)));
  await stage.quiet();
  const took: number[] = [];
  for (const { name: application, version } of one) took.push(await installation.abortUntilGone(application, version));
  table.say('abort → share 0, alone', quantiles(took));
  await stage.quiet();
  table.say('30 aborts at once → share 0', quantiles(await Promise.all(many.map(({ name: application, version }) => installation.abortUntilGone(application, version)))));
}

async function metrics(stage: Stage, _: Sizes, table: Table): Promise<void> {
  const { installation } = stage;
  const metered = Array.from({ length: METERED }, (__, i) => `metered-${i}`);
  await installation.install(metered, FOR_METRICS);
  for (const one of metered) await installation.brought(one, 'v2');
  const lost: { readonly name: string; readonly toldAt: number; readonly goneAt: number }[] = [];
  for (const one of metered) {
    const gone = installation.gone(one, 'v2').then(() => Date.now());
    stage.tell({ fails: routerName(one) });
    lost.push({ name: one, toldAt: Date.now(), goneAt: await gone });
  }
  const { badSamples } = await stage.ask();
  table.say('bad metric → share 0, after the bad sample', quantiles(lost.map(({ name: one, goneAt }) => goneAt - (badSamples[routerName(one)] ?? NaN))));
  table.say('bad metric → share 0, sampled each second', quantiles(lost.map(({ toldAt, goneAt }) => goneAt - toldAt)));
}

async function idle(stage: Stage, { idleSeconds }: Sizes, table: Table): Promise<void> {
  await stage.quiet();
  const before = await stage.ask();
  await pause(idleSeconds * 1000);
  const after = await stage.ask();
  const difference = Object.entries(after.requests).map(([id, n]) => [id, n - (before.requests[id] ?? 0)] as const).filter(([, n]) => n > 0);
  table.say('requests/s when idle', `${(difference.reduce((sum, [, n]) => sum + n, 0) / idleSeconds).toFixed(2)}${difference.length === 0 ? '' : ` (${difference.map(([id, n]) => `${n} ${id}`).join(', ')})`}`);
  table.say('CPU when idle', `${((after.cpuMs - before.collectedCpuMs) / idleSeconds / 10).toFixed(2)} % of a core`);
  table.say('memory', memoryOf(after));
  table.say('memory of the API server', `${Math.round(stage.server.memoryMb())} MB`);
}

async function restart(stage: Stage, _: Sizes, table: Table): Promise<void> {
  await stage.quiet();
  const from = performance.now();
  await stage.restartSubject();
  await stage.installation.pushUntilPod(name(0), 'v9');
  table.say('restart of the controller → at work again', `${((performance.now() - from) / 1000).toFixed(1)} s`);
}

async function releases(stage: Stage, { releases: wanted, releaseMs }: Sizes, table: Table): Promise<void> {
  const busy = Array.from({ length: BUSY }, (_, i) => `busy-${i}`);
  await stage.installation.install(busy, [], { keepWarmSeconds: 0, buildHistoryLimit: 3 });
  const from = performance.now(), looks: string[] = [];
  let begun = 0, done = 0;
  const look = async (): Promise<void> => {
    const after = done, minutes = (performance.now() - from) / 60_000;
    looks.push(`${memoryOf(await stage.ask())} after ${after}`);
    table.say('memory over more releases', `${looks.join(', ')}; API server ${Math.round(stage.server.memoryMb())} MB; ${Math.round(after / minutes)} releases/min`);
  };
  await Promise.all(busy.map(async (one) => {
    while (begun < wanted && performance.now() - from < releaseMs) {
      const version = `v${++begun + 1}`;
      await stage.installation.release(one, version);
      if (++done % Math.max(1, Math.ceil(wanted / LOOKS)) === 0 && done < wanted) await look();
    }
  }));
  if (done > 0) await look();
}

function medians(ways: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const middle = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
  return new Map([...(ways[0] ?? new Map<string, number>()).keys()].map((what) => [what, middle(ways.flatMap((way) => way.get(what) ?? []))]));
}

function memoryOf({ rssMb, heapMb }: Figures): string {
  return `${Math.round(rssMb)} MB (${Math.round(heapMb)} MB of it objects)`;
}
