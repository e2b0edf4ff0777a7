import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/https-client.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, CustomResourceDefinitions, Deployments, Namespaces, Pods, Services } from '../../client/kinds.ts';
import { resource } from '../../client/resource.ts';
import { isConflict, isNotFound } from '../../client/status-error.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { startApiServer, type ApiServer } from './start.ts';

let dir: string;
let server: ApiServer;
let client: Client;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-api-'));
  server = await startApiServer({ dataDir: dir, log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, bootstrapTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
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
