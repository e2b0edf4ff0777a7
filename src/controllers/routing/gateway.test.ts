import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Applications, Routers } from '../../api/kinds.ts';
import { TAKEN_OVER, type RouterSpec } from '../../api/router/router.ts';
import type { Client } from '../../client/client.ts';
import { EndpointSlices, Pods, ServiceAccounts, Services } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import { controlAuthority } from '../../providers/traffic/control-certificates.ts';
import { answerRoute, installGatewayKinds, makeGateway } from '../../providers/traffic/gateway-api/gateway-fixture.ts';
import { HttpRoutes } from '../../providers/traffic/gateway-api/kinds.ts';
import { gatewayApiPublisher } from '../../providers/traffic/gateway-api/publisher.ts';
import { simulatedProviders } from '../../providers/traffic/traffic-providers.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { routingController } from './controller.ts';

const namespace = 'default';
const WAIT = { timeout: 30_000 };
let api: ApiServerFixture;
let client: Client;
let stop: () => Promise<void>;

beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
  stop = startController();
});
afterAll(() => api.stop());

const startController = (): (() => Promise<void>) => api.run(routingController({ providers: simulatedProviders(systemClock), publisher: gatewayApiPublisher, authority: controlAuthority(systemClock) }));

const backend = (version: string) => ({ name: `production-${version}`, track: 'production', version, service: `shop-production-${version}`, floor: 1 });
const specOf = (application: string, over: Partial<RouterSpec> = {}): RouterSpec => ({
  application, provider: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }], settleSeconds: 0 }, port: 8080, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID', routes: [],
  backends: [backend('v1'), backend('v2')], production: { backend: 'production-v1', seed: 's' }, ...over,
});
const keyOf = (application: string) => ({ namespace, name: `${application}-haproxy` });
const makeRouter = (application: string, over: Partial<RouterSpec> = {}) => client.create(Routers, { apiVersion: 'aweigh.dev/v1alpha1', kind: 'Router', metadata: keyOf(application), spec: specOf(application, over) });
const change = async (application: string, over: Partial<RouterSpec>): Promise<void> => void (await client.patch(Routers, keyOf(application), { spec: over }));
const statusOf = async (application: string) => (await client.get(Routers, keyOf(application))).status;
const conditionOf = async (application: string, type: string) => (await statusOf(application))?.conditions?.find((c) => c.type === type);
const told = (application: string) => conditionOf(application, 'Told');
const takenOver = (application: string) => conditionOf(application, TAKEN_OVER);
const backendsOf = async (application: string) => (await client.get(HttpRoutes, keyOf(application))).spec.rules.map((r) => r.backendRefs.map((b) => `${b.name} ${b.weight}`).join());

test('without the Gateway API the way out is said; once it is there routing goes on by itself, and counts only when each Gateway says so', async () => {
  await makeRouter('first');
  await expect.poll(() => told('first'), WAIT).toMatchObject({ status: 'False', reason: 'GatewayApiMissing', message: expect.stringContaining('install the standard channel') });
  await installGatewayKinds(client);
  await expect.poll(() => told('first'), WAIT).toMatchObject({ reason: 'GatewayMissing', message: expect.stringContaining('no Gateway default/edge') });
  await makeGateway(client, { namespace, name: 'edge' });
  await expect.poll(() => told('first'), WAIT).toMatchObject({ reason: 'NotAccepted' });
  expect((await statusOf('first'))?.observedGeneration).toBeUndefined();
  await answerRoute(client, keyOf('first'));
  await expect.poll(() => statusOf('first'), WAIT).toMatchObject({
    observedGeneration: 1, observed: { production: { backend: 'production-v1' } }, gateways: [{ name: 'default/edge', observedGeneration: 1 }],
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Told', status: 'True', reason: 'Accepted' }), expect.objectContaining({ type: 'CohortsStable', status: 'False', reason: 'WeightsPerRequest' })]),
  });

  // The answer to an older generation says nothing of this one.
  await change('first', { production: { backend: 'production-v2', seed: 's' } });
  await expect.poll(() => backendsOf('first'), WAIT).toEqual(['shop-production-v2 1']);
  await expect.poll(() => told('first'), WAIT).toMatchObject({ status: 'False', reason: 'NotAccepted' });
  expect(await statusOf('first')).toMatchObject({ observedGeneration: 1, observed: { production: { backend: 'production-v1' } } });
  await answerRoute(client, keyOf('first'), 'False');
  await expect.poll(() => told('first'), WAIT).toMatchObject({ status: 'False', reason: 'Refused' });
  expect((await statusOf('first'))?.observedGeneration).toBe(1);
  await answerRoute(client, keyOf('first'));
  await expect.poll(() => statusOf('first'), WAIT).toMatchObject({ observedGeneration: 2, observed: { production: { backend: 'production-v2' } } });
  expect((await statusOf('first'))?.switches?.length).toBe(2);

  // Changes that nobody followed in between are one switch, from the first of them.
  await change('first', { production: { backend: 'production-v1', seed: 's' } });
  await expect.poll(() => backendsOf('first'), WAIT).toEqual(['shop-production-v1 1']);
  const began = (await client.get(HttpRoutes, keyOf('first'))).metadata?.annotations?.['aweigh.dev/routes-changed-at'];
  await change('first', { production: { backend: 'production-v2', seed: 's' } });
  await expect.poll(() => backendsOf('first'), WAIT).toEqual(['shop-production-v2 1']);
  await answerRoute(client, keyOf('first'));
  await expect.poll(() => statusOf('first'), WAIT).toMatchObject({ observedGeneration: 4 });
  expect((await statusOf('first'))?.switches?.slice(2)).toEqual([expect.objectContaining({ generation: 4, startedAt: began })]);
});

test('what somebody else changes is set back, silence has a deadline, and a controller that starts anew writes nothing', async () => {
  await installGatewayKinds(client);
  await makeRouter('second', { gateway: { parentRefs: [{ name: 'edge' }], settleSeconds: 0, answerSeconds: 1 } });
  await expect.poll(() => told('second'), WAIT).toMatchObject({ status: 'False', reason: 'NoAnswer', message: expect.stringContaining('does a controller of GatewayClass test run') });
  await answerRoute(client, keyOf('second'));
  await expect.poll(() => told('second'), WAIT).toMatchObject({ status: 'True' });

  const route = await client.get(HttpRoutes, keyOf('second'));
  await client.update(HttpRoutes, { ...route, spec: { ...route.spec, rules: route.spec.rules.map((r) => ({ ...r, backendRefs: r.backendRefs.map((b) => ({ ...b, name: 'elsewhere' })) })) } });
  await expect.poll(() => backendsOf('second'), WAIT).toEqual(['shop-production-v1 1']);
  await answerRoute(client, keyOf('second'));
  await expect.poll(() => told('second'), WAIT).toMatchObject({ status: 'True' });

  const before = (await client.get(HttpRoutes, keyOf('second'))).metadata?.resourceVersion;
  await stop();
  stop = startController();
  // It has looked at this Router when it has followed a change of another's floor.
  await client.create(EndpointSlices, { metadata: { name: 'second-v1', namespace, labels: { 'kubernetes.io/service-name': 'shop-production-v1', 'aweigh.dev/application': 'second' } }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints: [{ addresses: ['127.64.1.1'], conditions: { ready: true } }] });
  await expect.poll(async () => (await statusOf('second'))?.endpoints?.find((e) => e.backend === 'production-v1')?.ready, WAIT).toBe(1);
  expect((await client.get(HttpRoutes, keyOf('second'))).metadata?.resourceVersion).toBe(before);
  expect(await told('second')).toMatchObject({ status: 'True' });
});

test("somebody else's HTTPRoute is left alone, and whatever routes goes on until the other has taken over", async () => {
  await installGatewayKinds(client);
  await client.create(HttpRoutes, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: keyOf('third'), spec: { parentRefs: [{ group: '', kind: 'Gateway', name: 'x' }], rules: [] } });
  await makeRouter('third');
  await expect.poll(() => told('third'), WAIT).toMatchObject({ status: 'False', reason: 'RouteTaken' });
  expect((await client.get(HttpRoutes, keyOf('third'))).spec.parentRefs[0]?.name).toBe('x');

  await makeRouter('fourth');
  await expect.poll(() => client.get(HttpRoutes, keyOf('fourth')).then((r) => r.spec.rules.length), WAIT).toBe(1);
  await answerRoute(client, keyOf('fourth'));
  await expect.poll(() => told('fourth'), WAIT).toMatchObject({ status: 'True' });
  await change('fourth', { provider: 'builtin', leaving: 'gateway-api' });
  // Until the routers have taken over the Gateways go on, and follow what changes.
  await expect.poll(() => takenOver('fourth'), WAIT).toMatchObject({ status: 'False', message: expect.stringContaining('no router pod runs yet') });
  await change('fourth', { production: { backend: 'production-v2', seed: 's' } });
  await expect.poll(() => backendsOf('fourth'), WAIT).toEqual(['shop-production-v2 1']);
  await answerRoute(client, keyOf('fourth'));
  await expect.poll(() => statusOf('fourth'), WAIT).toMatchObject({ observedGeneration: 3, observed: { production: { backend: 'production-v2' } } });
  const pod = { namespace, name: 'fourth-router' };
  await client.create(ServiceAccounts, { metadata: { namespace, name: 'default' } });
  await client.create(Pods, { metadata: { ...pod, labels: { 'aweigh.dev/router': keyOf('fourth').name } }, spec: { containers: [{ name: 'router', image: 'x' }] } });
  await client.patch(Pods, pod, { status: { phase: 'Running', podIP: '127.64.9.1', podIPs: [{ ip: '127.64.9.1' }] } }, { subresource: 'status' });
  await expect.poll(() => takenOver('fourth'), WAIT).toMatchObject({ status: 'False', message: expect.stringContaining('0 of 1 routers are endpoints') });
  await client.create(Services, { metadata: keyOf('fourth'), spec: { ports: [{ name: 'http', port: 8080 }] } });
  await client.create(EndpointSlices, { metadata: { ...keyOf('fourth'), labels: { 'kubernetes.io/service-name': keyOf('fourth').name, 'aweigh.dev/application': 'fourth' } }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints: [{ addresses: ['127.64.9.1'], conditions: { ready: true } }] });
  await expect.poll(() => takenOver('fourth'), WAIT).toMatchObject({ status: 'True' });
  expect(await backendsOf('fourth')).toEqual(['shop-production-v2 1']);

  // Gateways that the Application still names lead to the routers; what chose the versions counts until they have followed.
  const leavesNone = { op: 'remove', path: '/spec/leaving' } as const;
  await client.patch(Routers, keyOf('fourth'), [leavesNone], { type: 'json' });
  await expect.poll(() => backendsOf('fourth'), WAIT).toEqual(['fourth-haproxy 1']);
  await expect.poll(() => told('fourth'), WAIT).toMatchObject({ status: 'False', reason: 'NotAccepted' });
  await answerRoute(client, keyOf('fourth'));
  await expect.poll(() => statusOf('fourth'), WAIT).toMatchObject({ observedGeneration: 4, pods: [{ name: 'fourth-router' }], gateways: [{ name: 'default/edge', to: 'routers' }] });
  await answerRoute(client, keyOf('fourth'), 'False');
  await expect.poll(() => conditionOf('fourth', 'GatewaysLead'), WAIT).toMatchObject({ status: 'False', reason: 'Refused' });
  expect(await told('fourth')).toMatchObject({ status: 'True', reason: 'ReadBack' });

  // Back: routers go on, and are told, until the Gateways follow.
  await change('fourth', { provider: 'gateway-api', leaving: 'builtin' });
  await expect.poll(() => backendsOf('fourth'), WAIT).toEqual(['shop-production-v2 1']);
  await expect.poll(() => takenOver('fourth'), WAIT).toMatchObject({ status: 'False' });
  expect((await statusOf('fourth'))?.observedGeneration).toBe(4);
  await answerRoute(client, keyOf('fourth'));
  await expect.poll(() => statusOf('fourth'), WAIT).toMatchObject({ observedGeneration: 5, pods: [{ name: 'fourth-router', observedGeneration: 5 }] });
  expect(await takenOver('fourth')).toMatchObject({ status: 'True', observedGeneration: 5 });

  await client.patch(Routers, keyOf('fourth'), [{ op: 'replace', path: '/spec/provider', value: 'builtin' }, leavesNone, { op: 'remove', path: '/spec/gateway' }], { type: 'json' });
  await expect.poll(() => client.get(HttpRoutes, keyOf('fourth')).then(() => 'there', (e: unknown) => isNotFound(e)), WAIT).toBe(true);
  await expect.poll(async () => (await statusOf('fourth'))?.gateways, WAIT).toBeUndefined();
  const after = await statusOf('fourth');
  expect(after).not.toHaveProperty('gateways');
  expect(after?.conditions?.map((c) => c.type)).not.toContain('CohortsStable');
});

test('the API refuses an Application that asks Gateways for what they cannot do, and says the way out', async () => {
  const make = (router: object) => client.create(Applications, {
    apiVersion: 'aweigh.dev/v1alpha1', kind: 'Application', metadata: { namespace, name: 'fifth' },
    spec: { template: { spec: { containers: [{ name: 'app', image: 'x' }] } }, ports: [{ name: 'http', port: 8080 }], tracks: [{ name: 'production', replicas: 1 }], router },
  });
  const gateway = { parentRefs: [{ name: 'edge' }] };
  await expect(make({ kind: 'gateway-api' })).rejects.toThrow(/needs router.gateway/);
  await expect(make({ kind: 'gateway-api', gateway, edge: true })).rejects.toThrow(/choose kind haproxy or builtin/);
  await expect(make({ kind: 'gateway-api', gateway: { parentRefs: [] } })).rejects.toThrow(/parentRefs/);
  // Gateways may also lead to routers.
  await make({ kind: 'haproxy', gateway });
});

test('where a probe says so, a change counts when the data plane itself answers by it, and not when its controller has accepted it', async () => {
  await installGatewayKinds(client);
  let has = 'nothing';
  const dataPlane = createServer((request, reply) => reply.writeHead(302, { location: `http://${has}.probe.invalid/` }).end()).listen(0, '127.0.0.1');
  await once(dataPlane, 'listening');
  onTestFinished(() => { dataPlane.close(); });
  const gateway = { parentRefs: [{ name: 'edge' }], answerSeconds: 3_600, probe: { url: `http://127.0.0.1:${(dataPlane.address() as AddressInfo).port}`, times: 3 } };
  await makeRouter('probed', { gateway });
  const version = async () => (await client.get(HttpRoutes, keyOf('probed'))).spec.rules[0]?.matches[0]?.headers?.[0]?.value ?? '';
  await expect.poll(() => version(), WAIT).toMatch(/^v/);
  await answerRoute(client, keyOf('probed'));
  await expect.poll(() => told('probed'), WAIT).toMatchObject({ status: 'False', reason: 'NotFollowed', message: expect.stringContaining('3 of 3 probes by other routes') });
  const first = await version();
  has = first;
  await expect.poll(() => statusOf('probed'), WAIT).toMatchObject({ observedGeneration: 1, observed: { production: { backend: 'production-v1' } } });

  await change('probed', { production: { backend: 'production-v2', seed: 's' } });
  await expect.poll(async () => (await version()) !== first, WAIT).toBe(true);
  await answerRoute(client, keyOf('probed'));
  await expect.poll(() => told('probed'), WAIT).toMatchObject({ status: 'False', reason: 'NotFollowed' });
  expect((await statusOf('probed'))?.observedGeneration).toBe(1);
  has = await version();
  await expect.poll(() => statusOf('probed'), WAIT).toMatchObject({ observedGeneration: 2, observed: { production: { backend: 'production-v2' } } });
  // Without it the rule goes, and accepting counts again.
  await client.patch(Routers, keyOf('probed'), [{ op: 'remove', path: '/spec/gateway/probe' }], { type: 'json' });
  await expect.poll(() => backendsOf('probed'), WAIT).toEqual(['shop-production-v2 1']);
  await answerRoute(client, keyOf('probed'));
  await expect.poll(async () => (await told('probed'))?.status, WAIT).toBe('True');
});

test('a route that the API keeps otherwise than it was written is not written again and again', async () => {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
  const hostnames = { type: 'array', items: { type: 'string' }, default: ['added.example'] };
  await installGatewayKinds(client, { type: 'object', properties: { status: anything, spec: { ...anything, properties: { hostnames } } } });
  const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', spec: { parentRefs: [], rules: [] } };
  await expect.poll(async () => (await client.apply(HttpRoutes, { ...route, metadata: { namespace, name: 'probe' } }, { fieldManager: 'test' })).spec.hostnames, WAIT).toEqual(['added.example']);
  await makeRouter('sixth');
  await expect.poll(() => told('sixth'), WAIT).toMatchObject({ status: 'False', reason: 'RouteAltered' });
  const before = (await client.get(HttpRoutes, keyOf('sixth'))).metadata?.generation;
  await client.create(EndpointSlices, { metadata: { name: 'sixth-v1', namespace, labels: { 'kubernetes.io/service-name': 'shop-production-v2', 'aweigh.dev/application': 'sixth' } }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints: [{ addresses: ['127.64.1.2'], conditions: { ready: true } }] });
  await expect.poll(async () => (await statusOf('sixth'))?.endpoints?.find((e) => e.backend === 'production-v2')?.ready, WAIT).toBe(1);
  expect((await client.get(HttpRoutes, keyOf('sixth'))).metadata?.generation).toBe(before);
});
