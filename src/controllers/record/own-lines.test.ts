import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import { Applications } from '../../api/kinds.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { Client } from '../../client/client.ts';
import { Events } from '../../client/kinds.ts';
import { controlAuthority } from '../../providers/traffic/control-certificates.ts';
import { hasHaproxy } from '../../providers/traffic/router-fixture.ts';
import { routerRenderers } from '../../providers/traffic/router-pods.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { OwnLinesGuard } from './own-lines.ts';

let api: ApiServerFixture;
let client: Client;
beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

const key = { namespace: 'default', name: 'shop' };
const router: RouterSpec = { application: 'shop', provider: 'haproxy', port: 8080, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID', backends: [], routes: [], production: { seed: 's' } };
const conditionOf = async () => (await client.get(Applications, key)).status?.conditions?.find((c) => c.type === 'RouterConfigValid');
const withLines = async (haproxy: NonNullable<NonNullable<Application['spec']['router']>['haproxy']>): Promise<Application> => {
  const now = await client.get(Applications, key);
  return client.update(Applications, { ...now, spec: { ...now.spec, router: { haproxy } } });
};

test.runIf(hasHaproxy() || process.env['CI'] !== undefined)('lines that haproxy refuses change nothing: the former stay, and the Application says which is wrong until it is mended', async () => {
  await client.create(Applications, {
    metadata: { ...key },
    spec: { template: { spec: { containers: [{ name: 'app', image: 'x' }] } }, ports: [{ name: 'http', port: 8080 }], tracks: [{ name: 'production', replicas: 1 }] },
  });
  const context = { client, clock: systemClock, random: systemRandom, log: silentLogger, signal: new AbortController().signal } as unknown as ControllerContext;
  const guard = new OwnLinesGuard(context, createEventRecorder(context, 'aweigh-record'));
  const renderer = routerRenderers(undefined, { path: process.env['PATH'] ?? '', tls: async () => (await controlAuthority(systemClock).issue('check')).pod }).haproxy;
  const usable = (application: Application, data?: Record<string, string>) => guard.usable(application, router, renderer, data && { data });

  const plain = await client.get(Applications, key);
  expect(await usable(plain)).toBe(plain);
  expect(await conditionOf()).toBeUndefined();

  const good = await withLines({ frontend: 'http-request set-header X-Region eu' });
  expect(await usable(good)).toBe(good);
  const recorded = renderer.configMapData(good, router);

  const bad = await withLines({ frontend: 'http-request set-header X-Region eu\nhttp-request set-heather X-A b' });
  const kept = await usable(bad, recorded);
  expect(kept.spec.router?.haproxy).toEqual({ frontend: 'http-request set-header X-Region eu' });
  expect(renderer.configMapData(kept, router)).toEqual(recorded);
  expect(await conditionOf()).toMatchObject({ status: 'False', reason: 'LinesRefused', message: expect.stringMatching(/^spec\.router\.haproxy\.frontend, line 2 'http-request set-heather X-A b': .*The routers keep the lines they had: mend spec\.router\.haproxy$/s) });
  await expect.poll(async () => (await client.list(Events, { namespace: 'default' })).items.map((e) => [e.reason, e.involvedObject.name]), { timeout: 10_000 }).toContainEqual(['LinesRefused', 'shop']);
  // With no config yet there are no former lines.
  expect((await usable(bad)).spec.router?.haproxy).toEqual({});

  const mended = await withLines({ frontend: 'http-request set-header X-A b' });
  expect(await usable(mended, recorded)).toBe(mended);
  expect(await conditionOf()).toMatchObject({ status: 'True', reason: 'Accepted' });
  // Nothing is written where nothing changed.
  const before = await client.get(Applications, key);
  await usable(before, recorded);
  expect((await client.get(Applications, key)).metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
});
