import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, Pods, ReplicaSets, ResourceQuotas, ServiceAccounts, Services } from '../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../apiserver/server-fixture.ts';
import { resourceQuotaController } from '../controllers/resource-quota/controller.ts';

const namespace = 'default';
let api: ServerFixture, client: Client;

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
  api.run(resourceQuotaController);
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
});

afterAll(() => api.stop());

const used = async (name: string): Promise<Record<string, string> | undefined> => (await client.get(ResourceQuotas, { namespace, name })).status?.used;
const quota = async (name: string, hard: Record<string, string>, more: object = {}): Promise<void> => {
  await client.create(ResourceQuotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name, namespace }, spec: { hard, ...more } });
  await expect.poll(() => used(name)).toMatchObject(Object.fromEntries(Object.keys(hard).map((key) => [key, expect.any(String)])));
};
const pod = (name: string, requests: Record<string, string>, limits: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: { containers: [{ name: 'a', image: 'a', resources: { requests, limits } }] } });

test('of requests at the same moment, no more are let in than the quota has room for, and what goes makes room', async () => {
  await quota('maps', { 'count/configmaps': '7' });
  const tries = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `m${i}`, namespace } })));
  const made = tries.flatMap((result, i) => (result.status === 'fulfilled' ? [`m${i}`] : []));
  expect(made).toHaveLength(7);
  expect(tries.filter((result) => result.status === 'rejected').map((result) => result.reason.code)).toEqual(Array.from({ length: 13 }, () => 403));
  expect(await used('maps')).toEqual({ 'count/configmaps': '7' });
  await client.delete(ConfigMaps, { namespace, name: made[0] as string });
  await expect.poll(() => used('maps')).toEqual({ 'count/configmaps': '6' });
  await client.delete(ResourceQuotas, { namespace, name: 'maps' });
});

test('what pods request, extended resources too, and any kind that is counted stands in the status', async () => {
  await quota('all', { pods: '5', cpu: '2', 'limits.memory': '1Gi', 'requests.example.com/dongle': '3', 'count/replicasets.apps': '2', 'services.nodeports': '1' });
  const resources = { cpu: '500m', 'example.com/dongle': '2' };
  await client.create(Pods, pod('first', resources, { memory: '256Mi', 'example.com/dongle': '2' }));
  expect(await used('all')).toMatchObject({ pods: '1', cpu: '500m', 'limits.memory': '256Mi', 'requests.example.com/dongle': '2' });
  await expect(client.create(Pods, pod('second', resources, { memory: '1Mi', 'example.com/dongle': '2' }))).rejects.toMatchObject({ code: 403, message: expect.stringContaining('requests.example.com/dongle=2') });
  await expect(client.create(Pods, pod('third', {}))).rejects.toMatchObject({ code: 403, message: expect.stringContaining('each container must state cpu, limits.memory') });
  await client.create(ReplicaSets, { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'r', namespace }, spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } } } });
  expect(await used('all')).toMatchObject({ 'count/replicasets.apps': '1' });
  await client.patch(Pods, { namespace, name: 'first' }, { status: { phase: 'Succeeded' } }, { subresource: 'status' });
  await client.delete(ReplicaSets, { namespace, name: 'r' });
  await expect.poll(() => used('all')).toEqual({ pods: '0', cpu: '0', 'limits.memory': '0', 'requests.example.com/dongle': '0', 'count/replicasets.apps': '0', 'services.nodeports': '0' });
  const service = await client.create(Services, { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace }, spec: { selector: { a: 'b' }, ports: [{ name: 'x', port: 1 }, { name: 'y', port: 2 }] } });
  await expect(client.update(Services, { ...service, spec: { ...service.spec, type: 'NodePort' } })).rejects.toMatchObject({ code: 403 });
  await client.delete(ResourceQuotas, { namespace, name: 'all' });
});

test('a quota with a scope counts only what is in it', async () => {
  await quota('best', { pods: '1' }, { scopes: ['BestEffort'] });
  await client.create(Pods, pod('states', { cpu: '1m' }));
  expect(await used('best')).toEqual({ pods: '0' });
  await client.create(Pods, pod('says-nothing', {}));
  await expect(client.create(Pods, pod('says-nothing-either', {}))).rejects.toMatchObject({ code: 403 });
  expect(await used('best')).toEqual({ pods: '1' });
});
