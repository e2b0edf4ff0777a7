import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Build } from '../../api/build/build.ts';
import { API_VERSION } from '../../api/group.ts';
import { Applications, Builds, Deliveries } from '../../api/kinds.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, Secrets } from '../../client/kinds.ts';
import { createEngineControllers } from '../../engine/controllers/index.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { configController } from './controller.ts';

const namespace = 'default';
let api: ApiServerFixture;
let client: Client;

beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
  api.run(configController, ...createEngineControllers({ rootCaPem: api.server.caPem }));
});
afterAll(() => api.stop());

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 30_000, interval: 50 });

async function applicationNamed(name: string, onChange?: 'release'): Promise<void> {
  await client.create(Applications, {
    apiVersion: API_VERSION, kind: 'Application', metadata: { namespace, name },
    spec: {
      ports: [{ name: 'http', port: 80 }], tracks: [{ name: 'production', replicas: 1 }], ...(onChange && { config: { onChange } }),
      template: { spec: { containers: [{ name: 'app', image: '${image}', envFrom: [{ configMapRef: { name: `${name}-settings` } }, { secretRef: { name: `${name}-db` } }] }] } },
    },
  });
}

const push = (application: string, version: string): Promise<Build> =>
  client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: `${application}-${version}` }, spec: { application, version, image: 'app@sha256:1' } });
const build = (name: string): Promise<Build> => client.get(Builds, { namespace, name });
const captured = (name: string) => eventually(async () => {
  const { config } = (await build(name)).spec;
  expect(config).toBeDefined();
  return config;
});
const settings = (name: string, mode: string) => client.apply(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { mode } }, { fieldManager: 'test' });
const password = (name: string, text: string) => client.apply(Secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data: { password: Buffer.from(text).toString('base64') } }, { fieldManager: 'test' });

test('a Build keeps the configuration of its day, the content of Secrets stays out of it, and a copy goes with the last Build that reads it', async () => {
  await applicationNamed('shop');
  await settings('shop-settings', 'calm');
  await password('shop-db', 'correct horse');
  await push('shop', 'v1');
  const first = await captured('shop-v1');
  expect(first?.configMaps).toMatchObject([{ name: 'shop-settings', data: { mode: 'calm' } }]);
  expect(JSON.stringify(await build('shop-v1'))).not.toMatch(/correct horse|Y29ycmVjdCBob3JzZQ/);
  const copy = `shop-db-${first?.secrets?.[0]?.digest.slice(0, 10)}`;
  expect(await client.get(Secrets, { namespace, name: copy })).toMatchObject({ immutable: true, data: { password: 'Y29ycmVjdCBob3JzZQ==' } });

  await settings('shop-settings', 'busy');
  await push('shop', 'v2');
  const second = await captured('shop-v2');
  expect(second?.configMaps?.[0]).toMatchObject({ data: { mode: 'busy' } });
  expect(second?.secrets).toEqual(first?.secrets);
  expect((await build('shop-v1')).spec.config).toEqual(first);
  await expect(client.patch(Builds, { namespace, name: 'shop-v1' }, { spec: { config: second } })).rejects.toThrow(/captured once/);

  await client.delete(Builds, { namespace, name: 'shop-v1' });
  await eventually(async () => expect((await client.get(Secrets, { namespace, name: copy })).metadata?.ownerReferences?.map((o) => o.name)).toEqual(['shop-v2']));
  await client.delete(Builds, { namespace, name: 'shop-v2' });
  await eventually(() => expect(client.get(Secrets, { namespace, name: copy })).rejects.toThrow(/not found/));
}, 60_000);

test('a Build says what is missing, and is captured once that is there', async () => {
  await applicationNamed('bank');
  await password('bank-db', 'x');
  await push('bank', 'v1');
  await eventually(async () => expect((await build('bank-v1')).status?.conditions).toMatchObject([{ type: 'Configured', status: 'False', reason: 'ConfigMapMissing', message: 'The template names ConfigMap bank-settings, which does not exist: create it, and the release goes on' }]));
  await settings('bank-settings', 'calm');
  await captured('bank-v1');
  await eventually(async () => expect((await build('bank-v1')).status?.conditions).toMatchObject([{ status: 'True', reason: 'ConfigCaptured' }]));
}, 60_000);

test('a changed ConfigMap makes a Build of the image that is furthest ahead, where the Application says so', async () => {
  await applicationNamed('cart', 'release');
  await settings('cart-settings', 'calm');
  await password('cart-db', 'x');
  await push('cart', 'v1');
  await captured('cart-v1');
  await client.create(Deliveries, {
    apiVersion: API_VERSION, kind: 'Delivery', metadata: { namespace, name: 'cart' },
    spec: { application: 'cart', tracks: [{ name: 'production', serving: 'cart-v1', percent: 100, builds: [{ build: 'cart-v1', replicas: 1 }] }], router: { replicas: 1 }, change: { actor: 'ada', reason: 'Shift', message: 'm' } },
  });
  await settings('cart-settings', 'busy');
  expect((await captured('cart-v1-c1'))?.configMaps).toMatchObject([{ data: { mode: 'busy' } }]);
  expect((await build('cart-v1-c1')).spec).toMatchObject({ image: 'app@sha256:1', version: 'v1-c1', message: 'ConfigMap cart-settings changed' });
  await settings('cart-settings', 'calm');
  await captured('cart-v1-c2');
  expect((await client.list(Builds, { namespace })).items.filter((b) => b.spec.application === 'cart')).toHaveLength(3);
}, 60_000);

test('a Secret copy that a rebuilt cluster lost comes back from its source, and its loss is said where the source has changed', async () => {
  await applicationNamed('till');
  await settings('till-settings', 'calm');
  await password('till-db', 'x');
  await push('till', 'v1');
  const config = await captured('till-v1');
  // As after a restore from the record: the Build is there with its digest, the copy is not.
  const lost = { ...config, secrets: [{ name: 'till-db', digest: config?.secrets?.[0]?.digest.replace(/^.{10}/, '0000000000') ?? '' }] };
  await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: 'till-v0' }, spec: { application: 'till', version: 'v0', image: 'app@sha256:0', config: lost } });
  await client.delete(Secrets, { namespace, name: `till-db-${config?.secrets?.[0]?.digest.slice(0, 10)}` });
  await client.create(Deliveries, {
    apiVersion: API_VERSION, kind: 'Delivery', metadata: { namespace, name: 'till' },
    spec: { application: 'till', tracks: [{ name: 'production', percent: 100, builds: [{ build: 'till-v0', replicas: 1 }, { build: 'till-v1', replicas: 1 }] }], router: { replicas: 1 }, change: { actor: 'ada', reason: 'Restore', message: 'm' } },
  });
  await eventually(() => client.get(Secrets, { namespace, name: `till-db-${config?.secrets?.[0]?.digest.slice(0, 10)}` }));
  await eventually(async () => expect((await build('till-v0')).status?.conditions?.[0]).toMatchObject({ reason: 'SecretMissing', message: expect.stringMatching(/by its digest only, and Secret till-db has other content now: create it/) }));
}, 60_000);
