import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createClient } from '../../src/client/https-client.ts';
import { Pods, ReplicationControllers } from '../../src/client/kinds.ts';
import { PART_USERS, partAccess } from '../../src/cli/processes/part-access.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { churn, finalState } from '../compatibility/controllers/churn.ts';
import { runOurs } from '../compatibility/controllers/running-controllers.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A server, and the controllers with the rights of the control plane and no more: what they may not do, they would not end here. */
async function controlled(): Promise<ReturnType<typeof createClient>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aweigh-controllers-'));
  stops.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const server = await startApiServer({
    dataDir, log: silentLogger, clock: systemClock, random: systemRandom, access: partAccess(),
    staticTokens: [{ token: 'test-token', user: 'admin', groups: ['system:masters'] }, { token: 'controllers-token', user: PART_USERS.controlPlane, groups: [] }],
  });
  stops.push(() => server.close());
  const connection = { server: server.url, caPem: server.caPem, token: 'test-token' };
  const running = await runOurs({ ...connection, token: 'controllers-token' }, connection);
  stops.push(() => running.stop());
  const client = createClient(connection);
  stops.push(() => client.close());
  return client;
}

test('rollouts, jobs, stateful and daemon pods, garbage and namespaces all end as they should on the embedded engine', async () => {
  const client = await controlled();
  expect(await churn(client, 'churn')).toEqual(finalState);
}, 120_000);

test('a ReplicationController keeps its pods, with the rights of the control plane', async () => {
  const client = await controlled();
  const key = { namespace: 'default', name: 'web' };
  await client.create(ReplicationControllers, { metadata: key, spec: { replicas: 3, selector: { app: 'web' }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'example.com/web' }] } } } });
  const pods = async (): Promise<readonly (readonly unknown[])[]> =>
    (await client.list(Pods, { namespace: 'default', labelSelector: 'app=web' })).items.map((pod) => pod.metadata?.ownerReferences?.map(({ apiVersion, kind, name, controller }) => [apiVersion, kind, name, controller]) ?? []);
  const owned = [['v1', 'ReplicationController', 'web', true]];
  await expect.poll(pods, { timeout: 30_000 }).toEqual([owned, owned, owned]);
  await expect.poll(async () => (await client.get(ReplicationControllers, key)).status, { timeout: 30_000 }).toMatchObject({ replicas: 3, observedGeneration: 1 });
  await client.patch(ReplicationControllers, key, { spec: { replicas: 1 } });
  await expect.poll(pods, { timeout: 30_000 }).toEqual([owned]);
  await expect.poll(async () => (await client.get(ReplicationControllers, key)).status, { timeout: 30_000 }).toMatchObject({ replicas: 1, observedGeneration: 2 });
}, 120_000);
