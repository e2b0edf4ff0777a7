import { mkdtempSync, rmSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { createServer, get, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { EndpointSlices, Events, Services } from '../../client/kinds.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { startApiServer, type ApiServer } from '../apiserver/start.ts';
import { startNetwork, type Network } from './start.ts';

let dir: string;
let api: ApiServer | undefined;
let client: Client;
let port = 0;
const programs: Server[] = [];
const block = (process.pid % 200) + 20;
const podAddress = (n: number): string => `127.78.${block}.${n}`;
const clusterIp = `127.97.${block}.7`;

async function startApi(): Promise<void> {
  api = await startApiServer({ dataDir: join(dir, 'api'), port, log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, bootstrapTokens: [{ token: 't', user: 'admin', groups: ['system:masters'] }] });
  port = Number(new URL(api.url).port);
  client = createClient({ server: api.url, caPem: api.caPem, token: 't' });
}
const network = (): Promise<Network> => startNetwork({ client, dataDir: join(dir, 'network'), log: silentLogger, clock: systemClock, dnsPort: 0 });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-network-'));
  await startApi();
  for (const n of [1, 2]) {
    const server = createServer((_, answer) => answer.end(`pod-${n}`));
    await new Promise<void>((resolve) => server.listen(8080, podAddress(n), resolve));
    programs.push(server);
  }
});
afterAll(async () => {
  client.close();
  await api?.close();
  for (const server of programs) server.close();
  rmSync(dir, { recursive: true });
});

const ask = (address: string, number: number): Promise<string> =>
  new Promise((resolve) => {
    get({ host: address, port: number, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (d: Buffer) => (body += d.toString()));
      answer.on('end', () => resolve(body));
    }).on('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? ''));
  });
const slice = (n: number) => ({
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4' as const, ports: [{ name: 'http', port: 8080, protocol: 'TCP' as const }],
  endpoints: [{ addresses: [podAddress(n)], conditions: { ready: true } }],
});

test('a Service is served as its endpoints say, from disk while the API is away, and anew when it is back', async () => {
  await client.create(Services, { metadata: { name: 'web', namespace: 'default' }, spec: { clusterIP: clusterIp, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] } });
  const made = await client.create(EndpointSlices, slice(1));
  const first = await network();
  await first.synced;
  expect(await ask(clusterIp, 8080)).toBe('pod-1');
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${first.dnsPort}`]);
  expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual([clusterIp]);

  await client.update(EndpointSlices, { ...made, endpoints: slice(2).endpoints });
  await expect.poll(() => ask(clusterIp, 8080), { timeout: 5_000 }).toBe('pod-2');

  await api?.close();
  expect(await ask(clusterIp, 8080)).toBe('pod-2');
  await first.close();
  expect(await ask(clusterIp, 8080)).toBe('ECONNREFUSED');
  const second = await network();
  expect(await ask(clusterIp, 8080)).toBe('pod-2');

  client.close();
  await startApi();
  const current = await client.get(EndpointSlices, { namespace: 'default', name: 'web-1' });
  await client.update(EndpointSlices, { ...current, endpoints: slice(1).endpoints });
  await second.close();
  const third = await network();
  await third.synced;
  expect(await ask(clusterIp, 8080)).toBe('pod-1');

  await client.delete(Services, { namespace: 'default', name: 'web' });
  await expect.poll(() => ask(clusterIp, 8080), { timeout: 5_000 }).toBe('ECONNREFUSED');
  await third.close();
});

test('a port that is in use is an Event on the Service, and opens when it is free', async () => {
  const holder = createServer((_, answer) => answer.end('holder'));
  await new Promise<void>((resolve) => holder.listen(9090, clusterIp, resolve));
  const running = await network();
  await running.synced;
  await client.create(Services, { metadata: { name: 'held', namespace: 'default' }, spec: { clusterIP: clusterIp, ports: [{ name: 'http', port: 9090 }] } });
  await expect.poll(async () => (await client.list(Events, { namespace: 'default' })).items.find((e) => e.reason === 'PortNotBound' && e.involvedObject.name === 'held')?.message, { timeout: 5_000 }).toContain('EADDRINUSE');
  await new Promise((resolve) => { holder.close(resolve); holder.closeAllConnections(); });
  // It listens, and has nobody to send to.
  await expect.poll(() => ask(clusterIp, 9090), { timeout: 9_000 }).toBe('ECONNRESET');
  await client.delete(Services, { namespace: 'default', name: 'held' });
  await running.close();
});
