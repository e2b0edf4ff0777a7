import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Routers } from '../../api/kinds.ts';
import type { Router } from '../../api/router/router.ts';
import type { Client } from '../../client/client.ts';
import { EndpointSlices, Pods, Secrets, ServiceAccounts, Services } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import { controlAuthority } from '../../providers/traffic/control-certificates.ts';
import { gatewayApiPublisher } from '../../providers/traffic/gateway-api/publisher.ts';
import { freshAddress, hasHaproxy, type RouterHandle, type RouterKind, send, startRouter, startService } from '../../providers/traffic/router-fixture.ts';
import { trafficProviders } from '../../providers/traffic/traffic-providers.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { routingController } from './controller.ts';

let api: ApiServerFixture;
let client: Client;
const disposing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
  await client.create(ServiceAccounts, { metadata: { name: 'default', namespace } });
});
afterEach(async () => { for (const dispose of disposing.splice(0).toReversed()) await dispose(); });
afterAll(() => api.stop());

const namespace = 'default';
const key = { namespace, name: 'shop-haproxy' };

const providers = trafficProviders(systemClock);
/** @param servingDeadlineMs a router that served and was not told for so long is deleted */
const startController = (servingDeadlineMs = 500) => api.run(routingController({ providers, publisher: gatewayApiPublisher, authority: controlAuthority(systemClock), tellTimeoutMs: 500, servingDeadlineMs, startingDeadlineMs: 20_000 }));

async function makeRouter(spec: Partial<Router['spec']>): Promise<void> {
  await client.create(Routers, {
    apiVersion: 'aweigh.dev/v1alpha1', kind: 'Router', metadata: { ...key },
    spec: {
      application: 'shop', provider: 'builtin', port: 8080, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID', routes: [],
      backends: [{ name: 'production-v1', track: 'production', version: 'v1', service: 'production-v1', floor: 1 }],
      production: { backend: 'production-v1', seed: 'shop/PRODUCTION' }, ...spec,
    },
  });
  disposing.push(async () => {
    await client.delete(Routers, key).catch(() => undefined);
    for (const name of ['shop-haproxy-tls', 'shop-haproxy-client']) await client.delete(Secrets, { namespace, name }).catch(() => undefined);
  });
}

async function makeSlice(version: string, track: string, address: string, ports = [{ name: 'http', port: 8080 }]): Promise<void> {
  const name = `${track}-${version}`;
  await client.create(EndpointSlices, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name, 'aweigh.dev/application': 'shop', track, version } },
    addressType: 'IPv4', ports: ports.map((port) => ({ ...port, protocol: 'TCP' as const })), endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
  });
  disposing.push(() => client.delete(EndpointSlices, { namespace, name }));
}

/** A pod that runs, as a node would report it, in front of a real router. */
async function makePod(name: string, address: string): Promise<void> {
  await client.create(Pods, { metadata: { name, namespace, labels: { 'aweigh.dev/router': key.name } }, spec: { containers: [{ name: 'router', image: 'x' }] } });
  await client.patch(Pods, { namespace, name }, { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] } }, { subresource: 'status' });
  disposing.push(() => client.delete(Pods, { namespace, name }, { gracePeriodSeconds: 0 }).catch(() => undefined));
}

async function routerPod(name: string, kind: RouterKind = 'builtin'): Promise<RouterHandle> {
  const secret = await vi.waitFor(() => client.get(Secrets, { namespace, name: 'shop-haproxy-tls' }), { timeout: 5_000 });
  const pem = Object.fromEntries(Object.entries(secret.data ?? {}).map(([file, content]) => [file, Buffer.from(content, 'base64').toString()]));
  const router = await startRouter(kind, { pem });
  disposing.push(() => router.dispose());
  await makePod(name, router.pod.address);
  return router;
}

const status = async () => (await client.get(Routers, key)).status;

test('routers turn ready when told, switch together, and the status says when', async () => {
  disposing.push(startController());
  const [old, fresh] = [await startService('v1'), await startService('v2')];
  disposing.push(async () => { for (const s of [old, fresh]) { s.server.closeAllConnections(); s.server.close(); } });
  await makeSlice('v1', 'production', old.address);
  await makeRouter({});
  const routers = [await routerPod('r-1'), await routerPod('r-2')];
  await expect.poll(async () => [await routers[0]?.ready(), await routers[1]?.ready()], { timeout: 5_000 }).toEqual([200, 200]);
  expect((await send({ address: routers[0]!.pod.address })).version).toBe('v1');
  await expect.poll(async () => (await status())?.pods?.length, { timeout: 5_000 }).toBe(2);
  expect(await status()).toMatchObject({ observedGeneration: 1, observed: { production: { backend: 'production-v1' } }, endpoints: [{ backend: 'production-v1', ready: 1 }], switches: [{ generation: 1 }] });

  await makeSlice('v2', 'production', fresh.address);
  const router = await client.get(Routers, key);
  await client.update(Routers, { ...router, spec: { ...router.spec, backends: [...router.spec.backends, { name: 'production-v2', track: 'production', version: 'v2', service: 'production-v2', floor: 1 }], production: { ...router.spec.production, backend: 'production-v2' } } });
  await expect.poll(async () => (await status())?.observedGeneration, { timeout: 5_000 }).toBe(2);
  for (const r of routers) expect((await send({ address: r.pod.address })).version).toBe('v2');
  const after = await status();
  expect(after?.observed?.production).toEqual({ backend: 'production-v2' });
  expect(after?.switches).toHaveLength(2);
  expect(after?.switches?.[1]?.milliseconds).toBeLessThan(250);
  const { resourceVersion } = (await client.get(Routers, key)).metadata ?? {};
  // A restart of one: told again before it is ready, and no switch.
  await routers[0]!.restart();
  await client.patch(Pods, { namespace, name: 'r-1' }, { metadata: { annotations: { restarted: 'yes' } } });
  await expect.poll(() => routers[0]!.ready(), { timeout: 5_000 }).toBe(200);
  await expect.poll(async () => (await client.get(Routers, key)).metadata?.resourceVersion, { timeout: 5_000 }).not.toBe(resourceVersion);
  expect((await status())?.switches).toHaveLength(2);
  expect((await send({ address: routers[0]!.pod.address })).version).toBe('v2');
});

test('which of its ports endpoints serve on is the Service\'s to say, also where that comes after them', async () => {
  disposing.push(startController());
  const shop = await startService('v1');
  disposing.push(async () => { shop.server.closeAllConnections(); shop.server.close(); });
  await makeSlice('v1', 'production', shop.address, [{ name: 'metrics', port: 9090 }, { name: 'http', port: 8080 }]);
  await makeRouter({});
  const router = await routerPod('early');
  await expect.poll(() => router.ready(), { timeout: 5_000 }).toBe(200);
  await client.create(Services, { metadata: { name: 'production-v1', namespace, labels: { 'aweigh.dev/application': 'shop' } }, spec: { ports: [{ name: 'http', port: 8080 }] } });
  disposing.push(() => client.delete(Services, { namespace, name: 'production-v1' }));
  await expect.poll(async () => (await send({ address: router.pod.address })).version, { timeout: 5_000 }).toBe('v1');
});

/** Shorter than the time after which a Router is asked though nothing is known to have happened. */
const BEFORE_NEXT_LOOK = { timeout: 28_000, interval: 20 };

test.for(['haproxy', 'builtin'] as const)('a %s that starts again is told at once where a connection to it is kept, and else when its node says that it is not ready', async (kind, { skip }) => {
  if (kind === 'haproxy' && !hasHaproxy()) skip('no haproxy on the PATH');
  // Starting again may take long on a busy machine.
  disposing.push(startController(60_000));
  const service = await startService('v1');
  disposing.push(async () => { service.server.closeAllConnections(); service.server.close(); await Promise.resolve(); });
  await makeSlice('v1', 'production', service.address);
  await makeRouter({ provider: kind });
  const router = await routerPod('r-1', kind);
  const serves = () => expect.poll(async () => (await router.ready()) === 200 && (await send({ address: router.pod.address })).version, BEFORE_NEXT_LOOK).toBe('v1');
  const podIs = (ready: 'True' | 'False') => client.patch(Pods, { namespace, name: 'r-1' }, { status: { conditions: [{ type: 'Ready', status: ready }] } }, { subresource: 'status' });
  await serves();
  await podIs('True');
  const toldAt = async () => (await status())?.pods?.[0]?.at;
  await expect.poll(toldAt).toBeDefined();

  const before = await toldAt();
  await router.restart();
  await serves();
  await expect.poll(toldAt, BEFORE_NEXT_LOOK).not.toBe(before);

  providers[kind].forget(router.pod);
  await router.restart();
  expect(await router.ready()).toBe(503);
  await podIs('False');
  await serves();
});

test('a router that served and cannot be told any more is deleted', async () => {
  disposing.push(startController());
  await makeRouter({ backends: [], production: { seed: 's' } });
  const router = await routerPod('gone');
  await expect.poll(() => router.ready(), { timeout: 5_000 }).toBe(200);
  await expect.poll(async () => (await status())?.pods?.length, { timeout: 5_000 }).toBe(1);
  await router.dispose();
  disposing.splice(disposing.length - 2, 1);
  await client.patch(Pods, { namespace, name: 'gone' }, { metadata: { annotations: { look: 'again' } } });
  await expect.poll(async () => client.get(Pods, { namespace, name: 'gone' }).then((p) => (p.metadata?.deletionTimestamp === undefined ? 'there' : 'gone'), (e: unknown) => (isNotFound(e) ? 'gone' : 'error')), { timeout: 8_000 }).toBe('gone');
});

test('a pod that nobody answers for keeps the others from nothing', async () => {
  disposing.push(startController());
  await makeRouter({ backends: [], production: { seed: 's' } });
  await makePod('starting', freshAddress());
  const router = await routerPod('works');
  await expect.poll(() => router.ready(), { timeout: 5_000 }).toBe(200);
  await expect.poll(async () => (await status())?.observedGeneration, { timeout: 5_000 }).toBe(1);
  expect((await status())?.pods?.map((p) => p.name)).toEqual(['works']);
});
