import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { API_VERSION } from '../../api/group.ts';
import { HealthPolicies, Silences } from '../../api/kinds.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, Deployments, Services } from '../../client/kinds.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { healthController } from './controller.ts';
import { HEALTH_STATE, readState } from './state.ts';

const namespace = 'default';
let api: ApiServerFixture;
let client: Client;
beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

const eventually = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 60_000, interval: 50 });
const namesOf = async (kind: typeof Silences | typeof Deployments | typeof Services): Promise<string[]> => (await client.list(kind as typeof Deployments, { namespace })).items.map((o) => o.metadata?.name ?? '').sort();

test('a silence stays for a day after its end, and then goes', async () => {
  const silence = (name: string, hours: number) => client.create(Silences, {
    apiVersion: API_VERSION, kind: 'Silence', metadata: { namespace, name }, spec: { service: '*', until: new Date(systemClock.now() + hours * 3_600_000).toISOString(), actor: 'ada', reason: 'a move' },
  });
  await silence('holds', 1);
  await silence('ended', -23);
  await silence('outlived', -25);
  const stop = api.run(healthController());
  await eventually(async () => expect(await namesOf(Silences)).toEqual(['ended', 'holds']));
  await stop();
});

test('a version that nobody holds goes when the policy says so, with the Service that selects only it; what somebody keeps stays', async () => {
  const labels = (version: string) => ({ app: 'shop', tier: 'service', track: 'production', version });
  const deploy = (version: string, annotations: Record<string, string> = {}) => client.create(Deployments, {
    metadata: { namespace, name: `shop-${version}`, labels: labels(version), annotations },
    spec: { replicas: 1, selector: { matchLabels: labels(version) }, template: { metadata: { labels: labels(version) }, spec: { containers: [{ name: 'app', image: 'app' }] } } },
  });
  const service = (name: string, version: string, own: Record<string, string>) => client.create(Services, { metadata: { namespace, name, labels: own }, spec: { selector: labels(version), ports: [{ port: 80 }] } });
  await service('shop-production', 'v2', { app: 'shop', tier: 'service', track: 'production' });
  await service('shop-v1', 'v1', { app: 'shop', tier: 'version' });
  for (const version of ['v1', 'v2']) await deploy(version);
  await deploy('v0', { 'aweigh.dev/keep': 'audit until March' });
  const policy = (mode: 'Off' | 'Delete') => client.apply(HealthPolicies, {
    apiVersion: API_VERSION, kind: 'HealthPolicy', metadata: { namespace, name: 'default' }, spec: { forgottenAfterSeconds: 1, cleanUp: { mode, afterSeconds: 1, selector: { matchLabels: { app: 'shop' } } } },
  }, { fieldManager: 'test' });
  // Ages are looked at once a minute; a change of anything is a look at once.
  const looks = (): Promise<unknown> => client.patch(Services, { namespace, name: 'shop-production' }, { metadata: { annotations: { looked: String(systemClock.now()) } } });
  await policy('Off');
  const stop = api.run(healthController());
  const since = async (): Promise<number> => {
    await looks();
    const alert = readState(await client.get(ConfigMaps, HEALTH_STATE)).alerts.find((a) => a.id === `${namespace}/shop/version/shop-v1`);
    expect(alert).toBeDefined();
    return alert?.since ?? 0;
  };
  const seenAt = await eventually(since);
  await eventually(async () => { await looks(); expect(systemClock.now()).toBeGreaterThan(seenAt + 2_000); });
  expect(await namesOf(Deployments), 'off, and old enough').toEqual(['shop-v0', 'shop-v1', 'shop-v2']);
  await policy('Delete');
  await eventually(async () => { await looks(); expect(await namesOf(Deployments)).toEqual(['shop-v0', 'shop-v2']); });
  await eventually(async () => expect(await namesOf(Services)).not.toContain('shop-v1'));
  expect(await namesOf(Services)).toContain('shop-production');
  await stop();
});
