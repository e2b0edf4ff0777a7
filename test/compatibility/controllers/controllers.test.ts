import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { hasPeers, startReal } from '../../../bench/apiserver/servers.ts';
import type { Connection } from '../../../src/client/connection.ts';
import { createClient } from '../../../src/client/https-client.ts';
import { startApiServer } from '../../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../../src/runtime/system-clock.ts';
import { churn, finalState, leave } from './churn.ts';
import { runKubernetes, runOurs, type Running } from './running-controllers.ts';

/** Churn goes on in new namespaces for so long; 0: one round. */
const MINUTES = Number(process.env['AWEIGH_CHURN_MINUTES'] ?? 0);

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function ourApi(directory: string): Promise<Connection> {
  const server = await startApiServer({ dataDir: directory, log: silentLogger, clock: systemClock, random: systemRandom, staticTokens: [{ token: 'test-token', user: 'admin', groups: ['system:masters'] }] });
  stops.push(() => server.close());
  return { server: server.url, caPem: server.caPem, token: 'test-token' };
}

async function kubernetesApi(directory: string): Promise<Connection> {
  const server = await startReal(directory);
  stops.push(() => server.stop());
  return { server: `https://${server.target.host}:${server.target.port}`, token: server.target.token, insecureSkipTlsVerify: true };
}

const combinations = [
  { api: 'Kubernetes', controllers: 'Kubernetes' },
  { api: 'Aweigh', controllers: 'Kubernetes' },
  { api: 'Kubernetes', controllers: 'Aweigh' },
  { api: 'Aweigh', controllers: 'Aweigh' },
] as const;

for (const { api, controllers } of combinations) {
  const needsPeers = api === 'Kubernetes' || controllers === 'Kubernetes';
  test.skipIf(needsPeers && !hasPeers())(`the API of ${api} with the controllers and scheduler of ${controllers} ends churn in the same state`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'aweigh-churn-'));
    stops.push(() => rmSync(directory, { recursive: true, force: true }));
    const connection = await (api === 'Aweigh' ? ourApi(directory) : kubernetesApi(directory));
    const running: Running = await (controllers === 'Aweigh' ? runOurs(connection) : runKubernetes(connection, directory));
    stops.push(() => running.stop());
    const client = createClient(connection);
    stops.push(() => client.close());
    const end = Date.now() + MINUTES * 60_000;
    for (let round = 1; round === 1 || Date.now() < end; round++) {
      const namespaces = [`churn-${round}-a`, `churn-${round}-b`];
      const states = await Promise.all(namespaces.map((namespace) => churn(client, namespace)));
      for (const state of states) expect(state).toEqual(finalState);
      if (MINUTES > 0) await leave(client, namespaces);
      if (MINUTES > 0) console.log(`Round ${round} of churn ended as it should`);
    }
  }, 180_000 + MINUTES * 60_000 * 2);
}
