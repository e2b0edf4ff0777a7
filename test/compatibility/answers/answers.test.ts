import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { hasPeers } from '../../../bench/apiserver/servers.ts';
import { ask, casesOf, manifests, type Case, type Send } from './cases.ts';
import { ourServer, realServer } from './servers.ts';

/** One case in so many is asked: 1 asks all 20,000. */
const EVERY = Number(process.env['AWEIGH_ANSWERS_EVERY'] ?? 5);
const CONNECTIONS = 8;

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

test.skipIf(!hasPeers())('the built-in kinds answer mutations of manifests as a real API server does, but for one in a hundred at most', async () => {
  const servers = [await realServer(), await ourServer()];
  stops.push(...servers.map((server) => () => server.stop()));
  const cases = casesOf(manifests()).filter((_, i) => i % EVERY === 0);
  const differences: string[] = [];
  let asked = 0, next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let i = next++; i < cases.length; i = next++) {
      const [want, got] = await Promise.all(servers.map(({ send }) => answerOf(cases[i]!, send)));
      if (want === undefined) continue;
      asked++;
      if (!isDeepStrictEqual(got, want)) differences.push(`${cases[i]!.path.split('/').at(-1)}: ${cases[i]!.what}`);
    }
  }));
  const exact = asked - differences.length;
  console.log(`${exact} of ${asked} answers are exact (${((100 * exact) / asked).toFixed(2)} %)\n${differences.sort().join('\n')}`);
  expect(exact / asked).toBeGreaterThanOrEqual(0.99);
}, 600_000);

/** Undefined where a server ends the connection: some requests make the real one panic. */
async function answerOf(one: Case, send: Send): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(await ask(one, send)));
  } catch {
    return undefined;
  }
}
