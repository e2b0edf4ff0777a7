import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinitions } from '../api/crds.ts';
import type { Client } from '../client/client.ts';
import { createClient } from '../client/https-client.ts';
import { CustomResourceDefinitions } from '../client/kinds.ts';
import { startApiServer, type ApiServer, type ApiServerOptions } from '../engine/apiserver/start.ts';
import type { ControllerFactory } from '../runtime/controller.ts';
import { silentLogger } from '../runtime/logger.ts';
import { runControllers } from '../runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../runtime/system-clock.ts';

const ESTABLISHED_DEADLINE_MS = 60_000;
const LOOK_MS = 20;

/** The engine's API server with Aweigh's kinds and nothing else, for tests of controllers: there they run as they do anywhere. */
export interface ApiServerFixture {
  readonly server: ApiServer;
  readonly client: Client;
  /** Runs controllers until the function that it returns is called, or the server stops. */
  run(...factories: readonly ControllerFactory[]): () => Promise<void>;
  stop(): Promise<void>;
}

/** @param options more of the server's, such as roles */
export async function startApiServerFixture(options: Partial<ApiServerOptions> = {}): Promise<ApiServerFixture> {
  const common = { log: silentLogger, clock: systemClock, random: systemRandom };
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-api-server-'));
  const server = await startApiServer({ dataDir: folder, ...common, loopbackAddresses: true, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }], ...options });
  const client = createClient({ server: server.url, caPem: server.caPem, token: 'admin-token' });
  for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'test' });
  await established(client);
  const running = new Set<() => Promise<void>>();
  return {
    server,
    client,
    run(...factories) {
      const ending = new AbortController();
      const ended = runControllers({ factories, client, ...common, signal: ending.signal });
      const stop = async (): Promise<void> => {
        running.delete(stop);
        ending.abort();
        await ended;
      };
      running.add(stop);
      return stop;
    },
    async stop() {
      for (const stop of [...running].toReversed()) await stop();
      client.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when every kind is served. */
async function established(client: Client): Promise<void> {
  const until = systemClock.now() + ESTABLISHED_DEADLINE_MS;
  for (;;) {
    const { items } = await client.list(CustomResourceDefinitions);
    const waiting = items.filter((d) => d.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') !== true);
    if (waiting.length === 0) return;
    if (systemClock.now() > until) throw new Error(`Waited ${ESTABLISHED_DEADLINE_MS / 1_000} s in vain for ${waiting.map((d) => d.metadata?.name).join(', ')}`);
    await new Promise<void>((resolve) => systemClock.after(LOOK_MS, resolve));
  }
}
