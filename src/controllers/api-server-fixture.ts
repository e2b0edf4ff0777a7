import { customResourceDefinitions } from '../api/crds.ts';
import type { Client } from '../client/client.ts';
import { CustomResourceDefinitions } from '../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../engine/apiserver/server-fixture.ts';
import type { ApiServerOptions } from '../engine/apiserver/start.ts';
import { systemClock } from '../runtime/system-clock.ts';

const ESTABLISHED_DEADLINE_MS = 60_000;
const LOOK_MS = 20;

/** The engine's API server with Aweigh's kinds and nothing else, for tests of controllers: there they run as they do anywhere. */
export type ApiServerFixture = ServerFixture;

/** @param options more of the server's, such as roles */
export async function startApiServerFixture(options: Partial<ApiServerOptions> = {}): Promise<ApiServerFixture> {
  const api = await startServerFixture({ loopbackAddresses: true, ...options });
  for (const definition of customResourceDefinitions) await api.client.apply(CustomResourceDefinitions, definition, { fieldManager: 'test' });
  await established(api.client);
  return api;
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
