import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { hasPeers, startReal } from '../../../bench/apiserver/servers.ts';
import { startApiServer } from '../../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../../src/runtime/system-clock.ts';
import { ask, casesOf, manifests, type Case } from './cases.ts';

/** One case in so many is asked: 1 asks all 20,000. */
const EVERY = Number(process.env['AWEIGH_ANSWERS_EVERY'] ?? 5);
const CONNECTIONS = 8;

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Asked { readonly server: string; readonly token: string; readonly agent: Agent }

test.skipIf(!hasPeers())('the built-in kinds answer mutations of manifests as a real API server does, but for one in a hundred at most', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'aweigh-answers-'));
  stops.push(() => rmSync(directory, { recursive: true, force: true }));
  const ours = await startApiServer({ dataDir: join(directory, 'ours'), log: silentLogger, clock: systemClock, random: systemRandom, serviceCidr: '10.0.0.0/16', bootstrapTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  stops.push(() => ours.close());
  const real = await startReal(join(directory, 'real'));
  stops.push(() => real.stop());
  const servers: Asked[] = [
    { server: `https://${real.target.host}:${real.target.port}`, token: real.target.token, agent: new Agent({ keepAlive: true, rejectUnauthorized: false }) },
    { server: ours.url, token: 'admin-token', agent: new Agent({ keepAlive: true, ca: ours.caPem }) },
  ];
  stops.push(() => servers.forEach(({ agent }) => agent.destroy()));
  const account = { path: '/api/v1/namespaces/default/serviceaccounts', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } } };
  for (const one of servers) await send(one)(account.path, { method: 'POST', headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/json' }, body: JSON.stringify(account.body) });
  const cases = casesOf(manifests()).filter((_, i) => i % EVERY === 0);
  const differences: string[] = [];
  let asked = 0, next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let i = next++; i < cases.length; i = next++) {
      const [want, got] = await Promise.all(servers.map((one) => answerOf(cases[i]!, one)));
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
async function answerOf(one: Case, asked: Asked): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(await ask(one, asked.token, send(asked))));
  } catch {
    return undefined;
  }
}

type Send = Parameters<typeof ask>[2];

const send = ({ server, agent }: Asked): Send => (path, init) => new Promise((resolve, reject) => {
  const sent = request(server + path, { method: init.method, headers: { ...init.headers, 'content-length': Buffer.byteLength(init.body) }, agent }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('error', reject);
    answer.on('end', () => resolve({
      status: answer.statusCode ?? 0, warning: [answer.headers['warning'] ?? []].flat().join(', ') || null,
      json: () => Promise.resolve(JSON.parse(Buffer.concat(chunks).toString()) as unknown),
    }));
  });
  sent.on('error', reject);
  sent.end(init.body);
});
