import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { API_VERSION } from '../../src/api/group.ts';
import { Applications, Builds, Deliveries, Releases, Routers } from '../../src/api/kinds.ts';
import { routerName } from '../../src/api/names.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/https-client.ts';
import { startApiServerFixture } from '../../src/controllers/api-server-fixture.ts';
import { recordController } from '../../src/controllers/record/controller.ts';
import { createReleaseController } from '../../src/controllers/release/controller.ts';
import { routingController } from '../../src/controllers/routing/controller.ts';
import { ADMIN_TOKEN } from '../../src/engine/apiserver/server-fixture.ts';
import { createEngineControllers } from '../../src/engine/controllers/index.ts';
import { schedulerController } from '../../src/engine/scheduler/scheduler.ts';
import { openRepository } from '../../src/providers/repository/git.ts';
import { controlAuthority } from '../../src/providers/traffic/control-certificates.ts';
import { gatewayApiPublisher } from '../../src/providers/traffic/gateway-api/publisher.ts';
import { routerRenderers } from '../../src/providers/traffic/router-pods.ts';
import { simulatedProviders } from '../../src/providers/traffic/traffic-providers.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers, sharedInformers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { keepNodes, simulatedKubelet } from '../compatibility/controllers/simulated-nodes.ts';

/** More than a controller has workers, and than requests are sent at a time. */
const STORM = 48;
const WRITES = new Set(['create', 'update', 'updateStatus', 'patch', 'apply', 'delete']);
const namespace = 'default';
const within = { timeout: 90_000, interval: 20 };
const common = { clock: systemClock, random: systemRandom, log: silentLogger };
const stops: (() => Promise<unknown> | void)[] = [];
afterEach(async () => { for (const stop of stops.splice(0).toReversed()) await stop(); });

/** A way to the API that can be closed: who writes then waits, and all go on in their order when it opens. */
class Barrier {
  #opened = Promise.withResolvers<void>();
  waiting = 0;
  /** Those that wait included. */
  underWay = 0;

  constructor() { this.open(); }
  close(): void { this.#opened = Promise.withResolvers(); }
  open(): void { this.#opened.resolve(); }

  before(client: Client): Client {
    return new Proxy(client, {
      get: (target, name: keyof Client) => {
        const method = target[name] as (...args: unknown[]) => unknown;
        if (!WRITES.has(name)) return method.bind(target);
        return async (...args: unknown[]) => {
          this.underWay++;
          this.waiting++;
          await this.#opened.promise;
          this.waiting--;
          try { return await method.apply(target, args); } finally { this.underWay--; }
        };
      },
    });
  }
}

async function start(): Promise<{ client: Client; barrier: Barrier }> {
  const api = await startApiServerFixture();
  const ending = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-retreats-'));
  const repository = await openRepository(folder, { ...common, environment: { path: process.env['PATH'] ?? '' } });
  const own = createClient({ server: api.server.url, caPem: api.server.caPem, token: ADMIN_TOKEN });
  const barrier = new Barrier();
  await keepNodes(api.client, ending.signal, { cpu: '4000', memory: '8000Gi', pods: '20000' });
  api.run(...createEngineControllers(), schedulerController, simulatedKubelet);
  const running = runControllers({
    ...common, client: barrier.before(own), signal: ending.signal,
    factories: [
      createReleaseController(() => ({})), recordController({ repository, renderers: routerRenderers(), defaultProvider: 'builtin' }),
      routingController({ providers: simulatedProviders(systemClock), publisher: gatewayApiPublisher, authority: controlAuthority(systemClock) }),
    ],
  });
  stops.push(async () => {
    barrier.open();
    ending.abort();
    await running;
    await repository.close();
    own.close();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { client: api.client, barrier };
}

/** Tracks internal and production of one pod each; a build waits on the first for a person. */
async function makeApplication(client: Client, name: string): Promise<void> {
  await client.create(Applications, {
    apiVersion: API_VERSION, kind: 'Application', metadata: { namespace, name },
    spec: {
      ports: [{ name: 'http', port: 8080 }], router: { kind: 'builtin', replicas: 1 }, drainSeconds: 0,
      template: { spec: { containers: [{ name: 'app', image: '${image}' }] } },
      tracks: [{ name: 'internal', replicas: 1, segment: 'INTERNAL', gates: [{ name: 'look', approval: {} }] }, { name: 'production', replicas: 1 }],
    },
  });
}

async function push(client: Client, name: string, version: string): Promise<void> {
  await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: `${name}-${version}` }, spec: { application: name, version, image: `app@sha256:${version}` } });
}

test('an abort goes before a storm of releases that was there first, and the storm goes on', async () => {
  const { client, barrier } = await start();
  const ending = new AbortController();
  const informer = sharedInformers({ ...common, client, signal: ending.signal });
  stops.push(() => ending.abort());
  const routesOf = (): string[] => informer(Routers).get({ namespace, name: routerName('bad') })?.status?.observed?.routes.flatMap((r) => r.backend ?? []) ?? [];
  /** Applications of which the record has committed and applied something. */
  const delivered = (): string[] => informer(Deliveries).list().flatMap((d) => (d.status?.observedGeneration === undefined ? [] : [d.spec.application]));
  await Promise.all([informer(Deliveries).synced, informer(Routers).synced, informer(Releases).synced]);
  await makeApplication(client, 'bad');
  await push(client, 'bad', 'v1');
  await expect.poll(routesOf, within).toEqual(['internal-v1']);
  await expect.poll(async () => (await client.get(Releases, { namespace, name: 'bad-v1' })).status?.phase, within).toBe('Completed');
  await push(client, 'bad', 'v2');
  await expect.poll(routesOf, within).toEqual(['internal-v2']);
  await expect.poll(async () => (await client.get(Releases, { namespace, name: 'bad-v2' })).status?.tracks?.[0]?.gates?.[0]?.state, within).toBe('Waiting');
  await expect.poll(() => barrier.underWay, within).toBe(0);

  barrier.close();
  for (let i = 0; i < STORM; i++) await makeApplication(client, `storm-${i}`);
  for (let i = 0; i < STORM; i++) await push(client, `storm-${i}`, 'v1');
  // As much of the storm as may be worked on at a time is: the rest waits in the queue.
  await expect.poll(() => barrier.waiting, within).toBeGreaterThanOrEqual(32);
  const before = Promise.withResolvers<number>();
  informer(Routers).onChange(({ current }) => { if (current?.metadata?.name === routerName('bad') && routesOf().join() === 'internal-v1') before.resolve(informer(Deliveries).list().length - 1); });
  await client.patch(Releases, { namespace, name: 'bad-v2' }, { spec: { abort: { actor: 'ann', reason: 'errors' } } });
  await expect.poll(() => informer(Releases).get({ namespace, name: 'bad-v2' })?.spec.abort, within).toBeDefined();
  barrier.open();

  expect(await before.promise, 'releases of the storm that had their first turn before the routers of the abort were read back').toBeLessThan(STORM / 5);
  await expect.poll(() => delivered().length, within).toBe(STORM + 1);
});
