import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BuildGroup } from '../../api/build/build.ts';
import { API_VERSION } from '../../api/group.ts';
import { Applications, Builds, Deliveries, ReleasePolicies, Releases } from '../../api/kinds.ts';
import type { ReleaseStatus } from '../../api/release/release.ts';
import type { Client } from '../../client/client.ts';
import { Namespaces } from '../../client/kinds.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { createReleaseController } from './controller.ts';

let api: ApiServerFixture;
let client: Client;

beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
  api.run(createReleaseController(() => ({})));
});
afterAll(() => api.stop());

async function applications(namespace: string, ...names: string[]): Promise<void> {
  await client.create(Namespaces, { metadata: { name: namespace } });
  for (const name of names) {
    await client.create(Applications, {
      apiVersion: API_VERSION, kind: 'Application', metadata: { namespace, name },
      spec: { ports: [{ name: 'http', port: 80 }], tracks: [{ name: 'production', replicas: 1 }], template: { spec: { containers: [{ name: 'app', image: '${image}' }] } } },
    });
  }
}

const push = (namespace: string, application: string, group?: BuildGroup) =>
  client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: `${application}-v1` }, spec: { application, version: 'v1', image: 'app@sha256:1', ...(group && { group }) } });
const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 25_000, interval: 50 });
const status = async (namespace: string, application: string): Promise<ReleaseStatus | undefined> => (await client.get(Releases, { namespace, name: `${application}-v1` })).status;

test('a release that waits for a place begins as soon as another ends', async () => {
  await applications('bounded', 'bank', 'cart');
  await client.create(ReleasePolicies, { apiVersion: API_VERSION, kind: 'ReleasePolicy', metadata: { name: 'bounded' }, spec: { namespaces: ['bounded'], releasesInMotion: 1 } });
  await push('bounded', 'bank');
  await eventually(async () => expect((await status('bounded', 'bank'))?.startedAt).toBeDefined());
  await push('bounded', 'cart');
  await eventually(async () => expect(await status('bounded', 'cart')).toMatchObject({ phase: 'Pending', message: expect.stringMatching(/policy bounded lets 1 releases be in motion, 1 are/) }));
  expect((await status('bounded', 'cart'))?.startedAt).toBeUndefined();
  await client.patch(Releases, { namespace: 'bounded', name: 'bank-v1' }, { spec: { abort: { actor: 'ada', reason: 'no' } } });
  await eventually(async () => expect((await status('bounded', 'bank'))?.phase).toBe('Aborted'));
  await eventually(async () => expect((await status('bounded', 'cart'))?.startedAt).toBeDefined());
}, 60_000);

test('a release of a group begins when the last of the others is pushed, and ends with one of them', async () => {
  const group = { name: 'sale', applications: ['desk', 'shop'] };
  await applications('grouped', 'desk', 'shop');
  await push('grouped', 'desk', group);
  await eventually(async () => expect((await status('grouped', 'desk'))?.message).toBe('Waits for shop of group sale: push or retry it'));
  await push('grouped', 'shop', group);
  for (const name of group.applications) await eventually(async () => expect((await status('grouped', name))?.startedAt).toBeDefined());
  await client.patch(Releases, { namespace: 'grouped', name: 'shop-v1' }, { spec: { abort: { actor: 'ada', reason: 'wrong prices' } } });
  await eventually(async () => expect(await status('grouped', 'desk')).toMatchObject({ phase: 'Failed', history: expect.arrayContaining([expect.objectContaining({ reason: 'GroupAborted' })]) }));
}, 60_000);

test('a release behind a freeze goes on as soon as the policy lets it', async () => {
  await applications('frozen', 'bank');
  const delivery = { application: 'bank', tracks: [{ name: 'production', serving: 'bank-v0', percent: 100, builds: [{ build: 'bank-v0', replicas: 1 }] }], router: { replicas: 1 }, change: { actor: 'ada', reason: 'FirstBuild', message: 'there from before' } };
  await client.create(Deliveries, { apiVersion: API_VERSION, kind: 'Delivery', metadata: { namespace: 'frozen', name: 'bank' }, spec: delivery });
  const freezeWindows = [{ name: 'sale', schedule: '* * * * *', durationSeconds: 86_400 }];
  await client.create(ReleasePolicies, { apiVersion: API_VERSION, kind: 'ReleasePolicy', metadata: { name: 'frozen' }, spec: { namespaces: ['frozen'], freezeWindows } });
  await push('frozen', 'bank');
  await eventually(async () => expect((await status('frozen', 'bank'))?.conditions).toEqual([expect.objectContaining({ type: 'Waiting', reason: 'Frozen' })]));
  await client.patch(ReleasePolicies, { name: 'frozen' }, { spec: { freezeWindows: null } });
  await eventually(async () => expect((await status('frozen', 'bank'))?.startedAt).toBeDefined());
}, 60_000);
