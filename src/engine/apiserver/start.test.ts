import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/https-client.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, CustomResourceDefinitions, Deployments, Namespaces, Pods, ServiceAccounts, Services } from '../../client/kinds.ts';
import { resource } from '../../client/resource.ts';
import { isConflict, isNotFound } from '../../client/status-error.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { PortInUseError, startApiServer, type ApiServer } from './start.ts';

let dir: string;
let server: ApiServer;
let client: Client;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-api-'));
  server = await startApiServer({ dataDir: dir, log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  client = createClient({ server: server.url, caPem: server.caPem, token: 'admin-token' });
});

afterAll(async () => {
  client.close();
  await server.close();
  rmSync(dir, { recursive: true });
});

const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data });

test('an object that was created is read, listed, patched and deleted', async () => {
  const made = await client.create(ConfigMaps, configMap('one', { a: '1' }));
  expect(made.metadata).toMatchObject({ name: 'one', uid: expect.any(String), resourceVersion: expect.any(String) });
  const patched = await client.patch(ConfigMaps, { namespace: 'default', name: 'one' }, { data: { b: '2' } });
  expect(patched.data).toEqual({ a: '1', b: '2' });
  expect(Number(patched.metadata?.resourceVersion)).toBeGreaterThan(Number(made.metadata?.resourceVersion));
  await expect(client.update(ConfigMaps, { ...made, data: {} })).rejects.toSatisfy(isConflict);
  await client.delete(ConfigMaps, { namespace: 'default', name: 'one' });
  await expect(client.get(ConfigMaps, { namespace: 'default', name: 'one' })).rejects.toSatisfy(isNotFound);
});

test('an object that nobody owns is patched after its status was', async () => {
  const Nodes = resource<{ metadata?: { labels?: Record<string, string> } }>('', 'v1', 'nodes', 'Node', false);
  const node = await client.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'nobodys' } } as never);
  expect(node.metadata).not.toHaveProperty('managedFields');
  const answer = await client.raw('PATCH', '/api/v1/nodes/nobodys/status', { body: '{"status":{"nodeInfo":{"kubeletVersion":"v1"}}}', headers: { 'content-type': 'application/merge-patch+json' } });
  expect(answer.status).toBe(200);
  expect((await client.patch(Nodes, { name: 'nobodys' }, { metadata: { labels: { a: 'b' } } })).metadata?.labels).toEqual({ a: 'b' });
});

test('a patch that changes nothing keeps the resourceVersion', async () => {
  const made = await client.create(ConfigMaps, configMap('same', { a: '1' }));
  const again = await client.patch(ConfigMaps, { namespace: 'default', name: 'same' }, { data: { a: '1' } });
  expect(again.metadata?.resourceVersion).toBe(made.metadata?.resourceVersion);
});

test('pages of one list are of one revision while objects come and go', async () => {
  for (const n of ['p1', 'p2', 'p3', 'p4']) await client.create(ConfigMaps, configMap(n, {}, { page: 'yes' }));
  const first = await client.list(ConfigMaps, { namespace: 'default', labelSelector: 'page=yes', limit: 2 });
  await client.delete(ConfigMaps, { namespace: 'default', name: 'p3' });
  await client.create(ConfigMaps, configMap('p35', {}, { page: 'yes' }));
  const second = await client.list(ConfigMaps, { namespace: 'default', labelSelector: 'page=yes', limit: 5, continueToken: first.continueToken ?? '' });
  expect([...first.items, ...second.items].map((o) => o.metadata?.name)).toEqual(['p1', 'p2', 'p3', 'p4']);
  expect(second.resourceVersion).toBe(first.resourceVersion);
});

test('a list too large for one piece is whole, also when it is asked for again and after a change', async () => {
  const sizes = [200_000, 10, 400_000, 300_000];
  for (const [i, size] of sizes.entries()) await client.create(ConfigMaps, configMap(`large-${i}`, { text: 'x'.repeat(size) }, { large: 'yes' }));
  const lengths = async (): Promise<number[]> => (await client.list(ConfigMaps, { labelSelector: 'large=yes' })).items.map((o) => o.data?.['text']?.length ?? 0);
  for (let time = 0; time < 3; time++) expect(await lengths()).toEqual(sizes);
  await client.patch(ConfigMaps, { namespace: 'default', name: 'large-1' }, { data: { text: 'y'.repeat(20) } });
  for (let time = 0; time < 3; time++) expect(await lengths()).toEqual([200_000, 20, 400_000, 300_000]);
  for (const i of sizes.keys()) await client.delete(ConfigMaps, { namespace: 'default', name: `large-${i}` });
});

test('a watch sees an object that leaves its selector as deleted', async () => {
  const { resourceVersion } = await client.list(ConfigMaps);
  await client.create(ConfigMaps, configMap('w', {}, { seen: 'yes' }));
  await client.patch(ConfigMaps, { namespace: 'default', name: 'w' }, { metadata: { labels: { seen: 'no' } } });
  const types: string[] = [];
  for await (const event of client.watch(ConfigMaps, { resourceVersion, labelSelector: 'seen=yes' })) {
    types.push(event.type);
    if (types.length === 2) break;
  }
  expect(types).toEqual(['ADDED', 'DELETED']);
});

test('a Service has a ClusterIP of its own, from the range', async () => {
  const service = (name: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } });
  const [one, two] = [await client.create(Services, service('one')), await client.create(Services, service('two'))];
  expect(one.spec?.clusterIP).toMatch(/^127\.(9[6-9]|1[01]\d)\./);
  expect(two.spec?.clusterIP).not.toBe(one.spec?.clusterIP);
});

test('a pod on a node is deleted gracefully, one without at once', async () => {
  const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'b' }] } });
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  await client.create(Pods, pod('bound'));
  await client.createSubresource(Pods, { namespace: 'default', name: 'bound' }, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n1' } });
  await client.delete(Pods, { namespace: 'default', name: 'bound' });
  expect((await client.get(Pods, { namespace: 'default', name: 'bound' })).metadata).toMatchObject({ deletionGracePeriodSeconds: 30, deletionTimestamp: expect.any(String) });
  await client.delete(Pods, { namespace: 'default', name: 'bound' }, { gracePeriodSeconds: 0 });
  await expect(client.get(Pods, { namespace: 'default', name: 'bound' })).rejects.toSatisfy(isNotFound);
});

test('a status write leaves the spec and the generation alone; a spec write bumps it', async () => {
  const labels = { app: 'x' };
  await client.create(Deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'default' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b' }] } } } });
  const key = { namespace: 'default', name: 'd' };
  const status = await client.patch(Deployments, key, { spec: { replicas: 9 }, status: { observedGeneration: 1 } }, { subresource: 'status' });
  expect(status).toMatchObject({ metadata: { generation: 1 }, status: { observedGeneration: 1 } });
  expect(status.spec?.replicas).not.toBe(9);
  expect((await client.patch(Deployments, key, { spec: { replicas: 4 } })).metadata?.generation).toBe(2);
});

test('a custom resource is served as soon as its definition is established', async () => {
  const Widgets = resource('example.com', 'v1', 'widgets', 'Widget');
  await client.create(CustomResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget', singular: 'widget', listKind: 'WidgetList' }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } } } }] },
  });
  const made = await client.create(Widgets, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' }, spec: { size: 1, colour: 'red' } } as never);
  expect(made).toMatchObject({ spec: { size: 1 } });
  expect(made).not.toHaveProperty('spec.colour');
});

test('a namespace with the finalizer kubernetes is Terminating until finalized', async () => {
  await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gone' }, spec: { finalizers: ['kubernetes'] } });
  await client.delete(Namespaces, { name: 'gone' });
  expect((await client.get(Namespaces, { name: 'gone' })).status?.phase).toBe('Terminating');
  const answer = await client.raw('PUT', '/api/v1/namespaces/gone/finalize', { body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gone' }, spec: { finalizers: [] } }), headers: { 'content-type': 'application/json' } });
  expect(answer.status).toBe(200);
  await expect(client.get(Namespaces, { name: 'gone' })).rejects.toSatisfy(isNotFound);
});

test('discovery names the built-in groups', async () => {
  const answer = await client.raw('GET', '/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' } });
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'APIGroupDiscoveryList' });
});

test('a request without credentials is refused, but for health and version', async () => {
  const nobody = createClient({ server: server.url, caPem: server.caPem });
  expect((await nobody.raw('GET', '/readyz')).status).toBe(200);
  await expect(nobody.list(Pods)).rejects.toMatchObject({ code: 401 });
  nobody.close();
});

test('another manager\'s field is a conflict, unless it is taken by force', async () => {
  const apply = (fieldManager: string, value: string, force: boolean) => client.apply(ConfigMaps, configMap('applied', { a: value }), { fieldManager, force });
  await apply('one', '1', false);
  await expect(apply('two', '2', false)).rejects.toSatisfy(isConflict);
  expect((await apply('two', '2', true)).data).toEqual({ a: '2' });
});

test('a custom resource gets defaults and is held to its schema and rules', async () => {
  const Gears = resource('example.com', 'v1', 'gears', 'Gear');
  const spec = { type: 'object', required: ['teeth'], properties: { teeth: { type: 'integer', minimum: 3 }, colour: { type: 'string', default: 'grey' } }, 'x-kubernetes-validations': [{ rule: 'self.teeth % 2 == 0', message: 'teeth must be even' }, { rule: 'self.teeth >= oldSelf.teeth', message: 'teeth never go' }] };
  await client.create(CustomResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'gears.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'gears', kind: 'Gear', singular: 'gear', listKind: 'GearList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }] },
  } as never);
  await expect.poll(async () => (await client.get(CustomResourceDefinitions, { name: 'gears.example.com' })).status?.conditions?.map((c) => c.type)).toContain('Established');
  const gear = (teeth: number) => ({ apiVersion: 'example.com/v1', kind: 'Gear', metadata: { name: `g${teeth}`, namespace: 'default' }, spec: { teeth } }) as never;
  expect(await client.create(Gears, gear(8))).toMatchObject({ spec: { teeth: 8, colour: 'grey' } });
  await expect(client.create(Gears, gear(1))).rejects.toMatchObject({ code: 422, details: { causes: [{ field: 'spec.teeth' }] } });
  await expect(client.create(Gears, gear(5))).rejects.toMatchObject({ code: 422, message: expect.stringContaining('teeth must be even') });
  await expect(client.patch(Gears, { namespace: 'default', name: 'g8' }, { spec: { teeth: 6 } })).rejects.toMatchObject({ code: 422, message: expect.stringContaining('teeth never go') });
});

test('what a request has wrong is told as a Status, whatever it is', async () => {
  const post = (body: string, type = 'application/json') => client.raw('POST', '/api/v1/namespaces/default/configmaps', { body, headers: { 'content-type': type } });
  expect((await post('{')).status).toBe(400);
  expect((await post('[]')).status).toBe(400);
  expect((await post('a', 'text/html')).status).toBe(415);
  expect((await post(JSON.stringify(configMap('big', { a: 'x'.repeat(4 * 1024 * 1024) })))).status).toBe(413);
  expect((await client.raw('GET', '/api/v1/configmaps?labelSelector=%3D%3D')).status).toBe(400);
  expect((await client.raw('GET', '/api/v1/nothing')).status).toBe(404);
  expect((await client.raw('PATCH', '/api/v1/namespaces')).status).toBe(405);
});

test('a port that is taken is told, and the data directory is free again', async () => {
  const second = mkdtempSync(join(tmpdir(), 'aweigh-api-'));
  const options = { dataDir: second, log: silentLogger, clock: systemClock, random: systemRandom };
  await expect(startApiServer({ ...options, port: Number(new URL(server.url).port) })).rejects.toBeInstanceOf(PortInUseError);
  await (await startApiServer(options)).close();
  rmSync(second, { recursive: true });
});

test('what was acknowledged is there after a restart, and the service range remembers its addresses', async () => {
  const other = mkdtempSync(join(tmpdir(), 'aweigh-api-'));
  const options = { dataDir: other, log: silentLogger, clock: systemClock, random: systemRandom, staticTokens: [{ token: 't', user: 'u', groups: ['system:masters'] }] };
  const service = (name: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
  const first = await startApiServer(options);
  const one = createClient({ server: first.url, caPem: first.caPem, token: 't' });
  const made = await one.create(Services, service('one'));
  one.close();
  await first.close();
  const again = await startApiServer(options);
  const two = createClient({ server: again.url, caPem: again.caPem, token: 't' });
  expect(again.caPem).toBe(first.caPem);
  expect(await two.get(Services, { namespace: 'default', name: 'one' })).toEqual(made);
  expect((await two.create(Services, service('two'))).spec?.clusterIP).not.toBe(made.spec?.clusterIP);
  two.close();
  await again.close();
  rmSync(other, { recursive: true });
});
