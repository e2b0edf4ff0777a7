import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { HttpRoute } from './kinds.ts';
import { probe, probedVersion, probeRule, withoutProbe } from './probe.ts';

/** Two instances behind one address, one of which may be behind the other: each answers probes of the version that it has. */
async function dataPlane(versions: () => readonly string[]): Promise<string> {
  let next = 0;
  const server = createServer((request, reply) => {
    const all = versions();
    const has = all[next++ % all.length];
    if (request.headers['x-aweigh-probe'] === has && request.headers.host === 'shop.example') reply.writeHead(302, { location: `${next % 2 === 0 ? 'http:' : ''}//${has}.probe.invalid:8000/` });
    reply.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => { server.close(); });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a data plane follows when every probe is answered by that very version', async () => {
  let versions = ['v1', 'v1'];
  const url = await dataPlane(() => versions);
  const ask = (version: string, at = url) => probe({ url: at, times: 6 }, 'shop.example', version, AbortSignal.timeout(20_000));
  expect(await ask('v1')).toEqual({ asked: 6, follow: 6 });
  expect(await ask('v2')).toEqual({ asked: 6, follow: 0 });
  versions = ['v2', 'v1'];
  expect(await ask('v2')).toEqual({ asked: 6, follow: 3 });
  versions = ['v2', 'v2'];
  expect(await ask('v2')).toEqual({ asked: 6, follow: 6 });
  expect(await ask('v2', 'http://127.0.0.1:1')).toEqual({ asked: 6, follow: 0, fault: 'ECONNREFUSED' });
});

test('the rule for probes is no part of the route as users meet it', () => {
  const rules = [{ matches: [], backendRefs: [] }];
  const spec: HttpRoute['spec'] = { parentRefs: [], rules: [probeRule('v7'), ...rules] };
  expect([probedVersion(spec), probedVersion({ parentRefs: [], rules }), withoutProbe(spec).rules]).toEqual(['v7', undefined, rules]);
});
