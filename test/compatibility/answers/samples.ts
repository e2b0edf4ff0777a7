import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ask, manifests, numberOf, pathOf, widerCasesOf, type Send } from './cases.ts';
import { deltaOf, withDelta, type Delta } from './delta.ts';
import { mask } from './mask.ts';
import { askUpdate, distinct, standing } from './objects.ts';
import type { Difference } from './replay.ts';
import { updatesOf } from './updates.ts';

/** What a real API server answered; an object is told by where it differs from what was asked for. */
export interface Sample {
  /** Number of the manifest. */
  readonly of: number;
  readonly what: string;
  readonly code: number;
  readonly change?: Delta;
  readonly reason?: string;
  readonly causes?: unknown;
  readonly warnings?: number;
}

interface Told { readonly code: number; readonly object?: unknown; readonly reason?: string; readonly causes?: unknown; readonly warnings?: number }

/** One in so many of the wider mutations of manifests, and of the updates of objects, is kept. */
export const EVERY_CREATE = 60;
export const EVERY_UPDATE = 160;
/** Kinds that a server writes itself all the time: what it answers depends on the moment. */
const RESTLESS = /\/(?:validatingadmissionpolicies|flowschemas|prioritylevelconfigurations|apiservices)$/;
const CONNECTIONS = 8;

const file = (name: 'creates' | 'updates'): string => join(import.meta.dirname, `wider-${name}.jsonl`);
export const sampleFile = file;
export const samplesOf = (name: 'creates' | 'updates'): Sample[] => readFileSync(file(name), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Sample);

/** Asks a server all of the samples. Undefined where it ends the connection or fails: some requests make the real one panic. */
export async function askCreates(send: Send, told: (of: number, what: string, answer: Told, base: unknown) => void): Promise<void> {
  await each(widerCasesOf(manifests(), EVERY_CREATE), async (one) => {
    const answer = await ask(one, send).catch(() => undefined) as Told | undefined;
    if (answer !== undefined) told(one.of, one.what, plain(answer), one.body);
  });
}

/** Lets the object of each manifest stand on the server, and asks for the updates of the sample. */
export async function askUpdates(send: Send, told: (of: number, what: string, answer: Told, base: unknown) => void): Promise<void> {
  for (const [of, manifest] of manifests().entries()) {
    if (RESTLESS.test(pathOf(manifest))) continue;
    const object = await standing(manifest, send);
    if (object === undefined) continue;
    const base = distinct(mask(object.live));
    await each(updatesOf(object.live).filter(({ what }) => numberOf(`${of} ${what}`) % EVERY_UPDATE === 0), async (update) => {
      const answer = await askUpdate(update, object, send).catch(() => undefined) as Told | undefined;
      if (answer !== undefined) told(of, update.what, plain(answer), base);
    });
    await object.remove();
  }
}

const plain = (answer: Told): Told => JSON.parse(JSON.stringify(answer)) as Told;

async function each<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let i = next++; i < items.length; i = next++) await call(items[i] as T);
  }));
}

/** An answer as it is kept. */
export function sampleFor(of: number, what: string, { object, ...answer }: Told, base: unknown): Sample {
  return { of, what, ...answer, ...(object !== undefined && { change: deltaOf(base, object) }) };
}

/** Asks for the samples that are kept, and tells what differs; those that were kept and are not asked for any more too. */
export async function compare(name: 'creates' | 'updates', send: Send): Promise<Difference[]> {
  const open = new Map(samplesOf(name).map((sample) => [`${sample.of} ${sample.what}`, sample]));
  const differences: Difference[] = [];
  const kinds = manifests().map((manifest) => pathOf(manifest).split('/').at(-1));
  await (name === 'creates' ? askCreates : askUpdates)(send, (of, what, answer, base) => {
    const { of: _of, what: _what, change, ...sample } = open.get(`${of} ${what}`) ?? {};
    if (!open.delete(`${of} ${what}`)) return;
    const want = plain({ ...sample, ...(change !== undefined && { object: withDelta(base, change) }) } as Told);
    if (!isDeepStrictEqual(answer, want)) differences.push({ name: `${kinds[of]}: ${what}`, want: JSON.stringify(change === undefined ? sample : { ...sample, change }), got: JSON.stringify(sampleFor(of, what, answer, base)) });
  });
  return [...differences, ...[...open.values()].map(({ of, what }) => ({ name: `${kinds[of]}: ${what}`, want: 'asked for', got: 'no such request: record anew' }))];
}
