import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import type { ControllerFactory } from '../../runtime/controller.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { runControllers } from '../../runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { startApiServer, type ApiServer, type ApiServerOptions } from './start.ts';

/** What the fixture's `client` sends: the token of a member of system:masters. */
export const ADMIN_TOKEN = 'admin-token';

/** An API server in a folder of its own, for tests. */
export interface ServerFixture {
  readonly server: ApiServer;
  readonly client: Client;
  /** Who has another token; closed with the server. */
  clientOf(token: string): Client;
  /** Runs controllers until the function that it returns is called, or the server stops. */
  run(...factories: readonly ControllerFactory[]): () => Promise<void>;
  /** Ends what runs, and takes the folder away. */
  stop(): Promise<void>;
}

/** @param options more of the server's, such as roles; its `staticTokens` are of others beside the administrator */
export async function startServerFixture(options: Partial<ApiServerOptions> = {}): Promise<ServerFixture> {
  const common = { log: silentLogger, clock: systemClock, random: systemRandom };
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-api-server-'));
  const server = await startApiServer({ dataDir: folder, ...common, ...options, staticTokens: [{ token: ADMIN_TOKEN, user: 'admin', groups: ['system:masters'] }, ...(options.staticTokens ?? [])] });
  const clients: Client[] = [];
  const clientOf = (token: string): Client => {
    const client = createClient({ server: server.url, caPem: server.caPem, token });
    clients.push(client);
    return client;
  };
  const client = clientOf(ADMIN_TOKEN);
  const running = new Set<() => Promise<void>>();
  return {
    server,
    client,
    clientOf,
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
      for (const client of clients) client.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
