import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createClient } from '../../src/client/https-client.ts';
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

test('rollouts, jobs, stateful and daemon pods, garbage and namespaces all end as they should on the embedded engine', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aweigh-controllers-'));
  stops.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const server = await startApiServer({
    dataDir, log: silentLogger, clock: systemClock, random: systemRandom, access: partAccess(),
    bootstrapTokens: [{ token: 'test-token', user: 'admin', groups: ['system:masters'] }, { token: 'controllers-token', user: PART_USERS.controlPlane, groups: [] }],
  });
  stops.push(() => server.close());
  const connection = { server: server.url, caPem: server.caPem, token: 'test-token' };
  // With the rights of the control plane and no more: what it may not do, it would not end here.
  const running = await runOurs({ ...connection, token: 'controllers-token' }, connection);
  stops.push(() => running.stop());
  const client = createClient(connection);
  stops.push(() => client.close());
  expect(await churn(client, 'churn')).toEqual(finalState);
}, 120_000);
