import { mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
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
import { TargetChoice } from './target-choice.ts';

let dir: string;
let api: ApiServer | undefined;
let client: Client;
let port = 0;
const programs: Server[] = [];
const block = (process.pid % 200) + 20;
const podAddress = (n: number): string => `127.78.${block}.${n}`;
const clusterIp = `127.97.${block}.7`;

async function startApi(): Promise<void> {
  api = await startApiServer({ dataDir: join(dir, 'api'), port, log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, staticTokens: [{ token: 't', user: 'admin', groups: ['system:masters'] }] });
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

const portsBound = async (name: string) => (await client.get(Services, { namespace: 'default', name })).status?.conditions?.find((c) => c.type === 'PortsBound');

test('a port that is in use is a condition and an Event on the Service, and opens when it is free', async () => {
  const holder = createServer((_, answer) => answer.end('holder'));
  await new Promise<void>((resolve) => holder.listen(9090, clusterIp, resolve));
  const running = await network();
  await running.synced;
  await client.create(Services, { metadata: { name: 'held', namespace: 'default' }, spec: { clusterIP: clusterIp, ports: [{ name: 'http', port: 9090 }] } });
  await expect.poll(async () => (await client.list(Events, { namespace: 'default' })).items.find((e) => e.reason === 'PortNotBound' && e.involvedObject.name === 'held')?.message, { timeout: 5_000 }).toContain('EADDRINUSE');
  expect(await portsBound('held')).toMatchObject({ status: 'False', reason: 'PortInUse', message: expect.stringContaining('stop it or change') });
  await new Promise((resolve) => { holder.close(resolve); holder.closeAllConnections(); });
  // It listens, and has nobody to send to.
  await expect.poll(() => ask(clusterIp, 9090), { timeout: 9_000 }).toBe('ECONNRESET');
  await expect.poll(() => portsBound('held'), { timeout: 5_000 }).toMatchObject({ status: 'True' });
  await client.delete(Services, { namespace: 'default', name: 'held' });
  await running.close();
});

test('a UDP Service carries datagrams both ways, each client with a target of its own, and past a pod that is gone', async () => {
  const pods = await Promise.all([3, 4].map(async (n) => {
    const socket = createSocket('udp4');
    socket.on('message', (message, peer) => socket.send(`${n}:${message.toString()}`, peer.port, peer.address));
    await new Promise<void>((resolve) => socket.bind({ address: podAddress(n), port: 5_300 }, resolve));
    return socket;
  }));
  const running = await network();
  await running.synced;
  await client.create(Services, { metadata: { name: 'names', namespace: 'default' }, spec: { clusterIP: clusterIp, ports: [{ name: 'dns', port: 5_353, protocol: 'UDP' }] } });
  const endpoints = (numbers: readonly number[]) => numbers.map((n) => ({ addresses: [podAddress(n)], conditions: { ready: true } }));
  const made = await client.create(EndpointSlices, { metadata: { name: 'names-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'names' } }, addressType: 'IPv4', ports: [{ name: 'dns', port: 5_300, protocol: 'UDP' }], endpoints: endpoints([3, 4]) });
  const clients = await Promise.all([1, 2, 3, 4].map(async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.connect(5_353, clusterIp, resolve));
    const got: string[] = [];
    socket.on('message', (m) => got.push(m.toString())).on('error', () => undefined);
    return { socket, got };
  }));
  const talk = async (text: string): Promise<string[]> => Promise.all(clients.map(async ({ socket, got }) => {
    // Datagrams may be lost while a port opens: the client asks again, as DNS clients do.
    await expect.poll(() => { socket.send(text); return got.findLast((g) => g.endsWith(`:${text}`)); }, { timeout: 10_000, interval: 50 }).toBeDefined();
    return got.findLast((g) => g.endsWith(`:${text}`))!.split(':')[0]!;
  }));
  const first = await talk('a');
  expect([...new Set(first)].sort()).toEqual(['3', '4']);
  expect(await talk('b')).toEqual(first);
  await client.update(EndpointSlices, { ...made, endpoints: endpoints([4]) });
  await expect.poll(() => talk('c'), { timeout: 10_000 }).toEqual(['4', '4', '4', '4']);
  await client.delete(Services, { namespace: 'default', name: 'names' });
  await running.close();
  for (const socket of [...pods, ...clients.map((c) => c.socket)]) socket.close();
});

test('with session affinity a client stays with its pod, whichever of two network processes takes the connection', async () => {
  const targets = [1, 2].map((n) => ({ address: podAddress(n), port: 8_080 }));
  const rule = { listen: 'x', protocol: 'TCP' as const, address: 'x', port: 1, namespace: 'd', service: 's', targets, affinityMs: 60_000 };
  const [one, other] = [new TargetChoice(rule, systemClock), new TargetChoice({ ...rule, targets: targets.toReversed() }, systemClock)];
  const clients = Array.from({ length: 40 }, (_, i) => `10.1.2.${i}`);
  for (const c of clients) expect(other.candidates(c)[0]).toEqual(one.candidates(c)[0]);
  expect(new Set(clients.map((c) => one.candidates(c)[0]!.address)).size).toBe(2);
  const before = clients.map((c) => one.candidates(c)[0]!);
  clients.forEach((c, i) => one.served(c, before[i]!));
  one.update({ ...rule, targets: [...targets, ...[5, 6, 7].map((n) => ({ address: podAddress(n), port: 8_080 }))] });
  expect(clients.map((c) => one.candidates(c)[0])).toEqual(before);
});
