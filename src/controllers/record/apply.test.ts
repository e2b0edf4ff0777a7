import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { API_VERSION } from '../../api/group.ts';
import { Applications, Builds, Deliveries, Routers } from '../../api/kinds.ts';
import { TAKEN_OVER, type Router } from '../../api/router/router.ts';
import type { Client } from '../../client/client.ts';
import { Deployments, HorizontalPodAutoscalers, PodDisruptionBudgets, Services } from '../../client/kinds.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { recordController } from './controller.ts';
import type { Repository } from './repository.ts';

const namespace = 'default';
let dir: string;
let api: ApiServerFixture;
let client: Client;
let repository: Repository & { close(): Promise<void> };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-record-'));
  api = await startApiServerFixture();
  client = api.client;
  repository = await openRepository(join(dir, 'record'), { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } });
  const renderer = { podTemplate: () => ({ spec: { containers: [{ name: 'router', image: 'router' }] } }), configMapData: () => ({}) };
  api.run(recordController({ repository, renderers: { haproxy: renderer, builtin: renderer }, defaultProvider: 'builtin' }));
});
afterAll(async () => {
  await api.stop();
  await repository.close();
  rmSync(dir, { recursive: true });
});

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 30_000, interval: 50 });
const deployment = () => client.get(Deployments, { namespace, name: 'shop-production-v1' });

test('what an autoscaler chooses stays: it is no drift, it is in no commit, and a change of the pods does not undo it', async () => {
  await client.create(Applications, {
    apiVersion: API_VERSION, kind: 'Application', metadata: { namespace, name: 'shop' },
    spec: { ports: [{ name: 'http', port: 80 }], tracks: [{ name: 'production', replicas: 3, autoscaling: { maxReplicas: 9 } }], template: { spec: { containers: [{ name: 'app', image: '${image}' }] } } },
  });
  await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: 'shop-v1' }, spec: { application: 'shop', version: 'v1', image: 'app@sha256:1' } });
  await client.create(Deliveries, {
    apiVersion: API_VERSION, kind: 'Delivery', metadata: { namespace, name: 'shop' },
    spec: { application: 'shop', tracks: [{ name: 'production', serving: 'shop-v1', percent: 100, builds: [{ build: 'shop-v1', replicas: 3, autoscaled: true }] }], router: { replicas: 4 }, change: { actor: 'ada', reason: 'Shift', message: 'm' } },
  });
  await eventually(async () => expect((await deployment()).spec?.replicas).toBe(3));
  await eventually(async () => expect((await client.get(HorizontalPodAutoscalers, { namespace, name: 'shop-production-v1' })).spec).toMatchObject({ minReplicas: 3, maxReplicas: 9, scaleTargetRef: { kind: 'Deployment', name: 'shop-production-v1' } }));
  await eventually(async () => expect((await client.get(PodDisruptionBudgets, { namespace, name: 'shop-haproxy' })).spec).toMatchObject({ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }));

  await client.patch(Deployments, { namespace, name: 'shop-production-v1' }, { spec: { replicas: 7 } }, { fieldManager: 'autoscaler' });
  await client.patch(Applications, { namespace, name: 'shop' }, { spec: { template: { spec: { containers: [{ name: 'app', image: '${image}', env: [{ name: 'MODE', value: 'busy' }] }] } } } });
  await eventually(async () => expect((await deployment()).spec?.template?.spec?.containers[0]?.env).toEqual([{ name: 'MODE', value: 'busy' }]));
  expect((await deployment()).spec?.replicas).toBe(7);
  expect((await client.get(Deliveries, { namespace, name: 'shop' })).status?.drift ?? []).toEqual([]);
  expect((await repository.read('applications/default/shop')).get('specs/deployment-shop-production-v1.yaml')).not.toMatch(/replicas:/);
}, 60_000);

test('a spec that the API refuses is said in the Delivery, and forgotten once it is taken', async () => {
  const key = { namespace, name: 'shop' };
  const template = (name: string) => ({ spec: { template: { spec: { containers: [{ name, image: '${image}' }] } } } });
  await client.patch(Applications, key, template('Not_A_Name'));
  const applied = async () => (await client.get(Deliveries, key)).status?.conditions?.find((c) => c.type === 'Applied');
  await eventually(async () => expect(await applied()).toMatchObject({ status: 'False', reason: 'SpecRefused', message: expect.stringMatching(/^Deployment shop-production-v1: .*Not_A_Name/) }));
  await client.patch(Applications, key, template('app'));
  await eventually(async () => expect(await applied()).toMatchObject({ status: 'True' }));
}, 60_000);

test('a field that is taken out of the Application goes from the cluster too, though nothing else changes', async () => {
  const key = { namespace, name: 'shop' };
  const template = (more: object) => client.patch(Applications, key, { spec: { template: { spec: { containers: [{ name: 'app', image: '${image}', ...more }] } } } });
  const probe = async () => (await deployment()).spec?.template?.spec?.containers[0]?.readinessProbe;
  await template({ readinessProbe: { httpGet: { path: '/ready', port: 80 } } });
  await eventually(async () => expect(await probe()).toMatchObject({ httpGet: { path: '/ready' } }));
  await template({});
  await eventually(async () => expect(await probe()).toBeUndefined());
}, 60_000);

test('where Gateways route, the record holds who goes where, and no router', async () => {
  const key = { namespace, name: 'account' };
  await client.create(Applications, {
    apiVersion: API_VERSION, kind: 'Application', metadata: key,
    spec: { ports: [{ name: 'http', port: 80 }], tracks: [{ name: 'production', replicas: 1 }], template: { spec: { containers: [{ name: 'app', image: '${image}' }] } }, router: { kind: 'gateway-api', gateway: { parentRefs: [{ name: 'edge', sectionName: 'web' }] } } },
  });
  await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: 'account-v1' }, spec: { application: 'account', version: 'v1', image: 'app@sha256:1' } });
  await client.create(Deliveries, {
    apiVersion: API_VERSION, kind: 'Delivery', metadata: key,
    spec: { application: 'account', tracks: [{ name: 'production', serving: 'account-v1', percent: 100, builds: [{ build: 'account-v1', replicas: 1 }] }], router: { replicas: 0 }, change: { actor: 'ada', reason: 'Shift', message: 'm' } },
  });
  await eventually(async () => expect((await client.get(Routers, { namespace, name: 'account-haproxy' })).spec).toMatchObject({ provider: 'gateway-api', gateway: { parentRefs: [{ name: 'edge', sectionName: 'web' }] } }));
  const files = [...(await repository.read('applications/default/account')).keys()];
  expect(files.filter((f) => f.startsWith('specs/')).map((f) => f.slice('specs/'.length)).toSorted()).toEqual(['deployment-account-production-v1.yaml', 'router-account-haproxy.yaml', 'service-account-production-v1.yaml', 'service-account-production.yaml', 'service-account-refused.yaml']);
  await eventually(async () => expect((await client.get(Deliveries, key)).status?.observedGeneration).toBe(1));
}, 60_000);

test('routers that come after Gateways, or go for them, and what leaves stand beside each other in the record until the Router says that it was taken over', async () => {
  const key = { namespace, name: 'account' }, routerKey = { namespace, name: 'account-haproxy' };
  const specs = async () => [...(await repository.read('applications/default/account')).keys()].flatMap((f) => /^specs\/(\w+-account-(?:haproxy|refused))\.yaml/.exec(f)?.[1] ?? []).toSorted();
  const live = async () => (await Promise.all([client.get(Deployments, routerKey).then(() => 'routers', () => undefined), client.get(Services, { namespace, name: 'account-refused' }).then(() => 'refused', () => undefined)])).filter((o) => o !== undefined);
  const choose = (router: object, replicas: number) => Promise.all([client.patch(Applications, key, { spec: { router } }), client.patch(Deliveries, key, { spec: { router: { replicas } } })]);
  const spec = async () => (await client.get(Routers, routerKey)).spec;
  const takeOver = async () => {
    const { metadata } = await client.get(Routers, routerKey);
    await client.patch(Routers, routerKey, { status: { conditions: [{ type: TAKEN_OVER, status: 'True', reason: 'Routes', message: '', observedGeneration: metadata?.generation, lastTransitionTime: new Date(0).toISOString() }] } }, { subresource: 'status' });
  };
  const BOTH = ['configmap-account-haproxy', 'deployment-account-haproxy', 'router-account-haproxy', 'service-account-haproxy', 'service-account-refused'];
  const routed = (status: Router['status']) => client.patch(Routers, routerKey, { status }, { subresource: 'status' });
  await routed({ gateways: [{ name: 'default/edge', observedGeneration: 1, at: new Date(0).toISOString() }] });
  await choose({ kind: 'builtin', gateway: null, haproxy: { frontend: '# mine' } }, 2);
  // The way that users still come, though the Application no longer names it.
  await eventually(async () => expect(await spec()).toMatchObject({ provider: 'builtin', leaving: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }] } }));
  await eventually(async () => expect(await live()).toEqual(['routers', 'refused']));
  await eventually(async () => expect((await specs()).filter((s) => !s.startsWith('poddisruption'))).toEqual(BOTH));
  await takeOver();
  await eventually(async () => expect(await live()).toEqual(['routers']));
  await eventually(async () => expect(await spec()).not.toHaveProperty('leaving'));
  expect(await spec()).not.toHaveProperty('gateway');

  await routed({ pods: [{ name: 'r', observedGeneration: 1, at: new Date(0).toISOString() }] });
  const before = (await client.get(Deployments, routerKey)).spec;
  await choose({ kind: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }] }, haproxy: null, replicas: null }, 0);
  await eventually(async () => expect(await spec()).toMatchObject({ provider: 'gateway-api', leaving: 'builtin' }));
  await eventually(async () => expect(await live()).toEqual(['routers', 'refused']));
  await eventually(async () => expect((await client.get(Deliveries, key)).status?.observedGeneration).toBe(3));
  // As it was: routers that leave are not replaced once more.
  expect((await client.get(Deployments, routerKey)).spec).toEqual(before);
  expect((await specs()).filter((s) => !s.startsWith('poddisruption'))).toEqual(BOTH);
  await takeOver();
  await eventually(async () => expect(await live()).toEqual(['refused']));
  expect(await spec()).not.toHaveProperty('leaving');
  expect(await specs()).toEqual(['router-account-haproxy', 'service-account-refused']);
}, 60_000);
