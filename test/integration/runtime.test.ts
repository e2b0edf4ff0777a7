import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/https-client.ts';
import { ConfigMaps, Events, Leases } from '../../src/client/kinds.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { createEventRecorder } from '../../src/runtime/event-recorder.ts';
import { microTime, runAsLeader } from '../../src/runtime/leader-election.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { startReflector } from '../../src/runtime/reflector.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const common = { clock: systemClock, random: systemRandom, log: silentLogger };
const within = { timeout: 20_000, interval: 20 };

async function start(dataDir: string, port = 0): Promise<{ client: Client; port: number; close(): Promise<void> }> {
  const server = await startApiServer({ dataDir, port, ...common, staticTokens: [{ token: 'test-token', user: 'admin', groups: ['system:masters'] }] });
  const client = createClient({ server: server.url, caPem: server.caPem, token: 'test-token' });
  return {
    client,
    port: Number(new URL(server.url).port),
    async close() {
      client.close();
      await server.close();
    },
  };
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-runtime-'));
  stops.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('an informer follows changes, and catches up when the API comes back', async () => {
  const dir = directory();
  const first = await start(dir);
  const ending = new AbortController();
  stops.push(() => ending.abort());
  const informer = startReflector(ConfigMaps, { client: first.client, ...common, signal: ending.signal, namespace: 'default' });
  await informer.synced;
  const key = { namespace: 'default', name: 'a' };
  await first.client.create(ConfigMaps, { metadata: key, data: { x: '1' } });
  await vi.waitFor(() => expect(informer.get(key)?.data).toEqual({ x: '1' }), within);
  await first.close();
  const second = await start(dir, first.port);
  stops.push(() => second.close());
  await second.client.patch(ConfigMaps, key, { data: { x: '2' } });
  await second.client.create(ConfigMaps, { metadata: { ...key, name: 'b' } });
  await vi.waitFor(() => expect([informer.get(key)?.data, informer.list('default').length]).toEqual([{ x: '2' }, 2]), within);
  await second.client.delete(ConfigMaps, key);
  await vi.waitFor(() => expect(informer.get(key)).toBeUndefined(), within);
});

test('one candidate leads, and the next takes over at once when it lets go', async () => {
  const server = await start(directory());
  stops.push(() => server.close());
  const led: string[] = [];
  // Only a look at the watch can be in time.
  const retryMs = 600_000;
  const candidate = (identity: string) => {
    const ending = new AbortController();
    const done = runAsLeader({ client: server.client, ...common, signal: ending.signal, lease: { namespace: 'default', name: 'leader' }, identity, retryMs }, async (signal) => {
      led.push(identity);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    return { stop: () => (ending.abort(), done) };
  };
  const a = candidate('a');
  await vi.waitFor(() => expect(led).toEqual(['a']), within);
  const b = candidate('b');
  expect((await server.client.get(Leases, { namespace: 'default', name: 'leader' })).spec?.holderIdentity).toBe('a');
  await a.stop();
  await vi.waitFor(() => expect(led).toEqual(['a', 'b']), within);
  await b.stop();
});

test('a Lease is waited for while its holder may live, and taken when the holder is known to be gone', async () => {
  const server = await start(directory());
  stops.push(() => server.close());
  const lease = { namespace: 'default', name: 'held' };
  await server.client.create(Leases, { metadata: lease, spec: { holderIdentity: 'lost', leaseDurationSeconds: 600, renewTime: microTime(systemClock.now()) } });
  let asked = 0;
  let answer = (): Promise<boolean> => Promise.reject(new Error('nobody can tell'));
  let led = false;
  const ending = new AbortController();
  const isGone = (holder: string): Promise<boolean> => { expect(holder).toBe('lost'); asked++; return answer(); };
  const done = runAsLeader({ client: server.client, ...common, signal: ending.signal, lease, identity: 'next', retryMs: 20, isGone }, async (signal) => {
    led = true;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  stops.push(async () => { ending.abort(); await done; });
  await vi.waitFor(() => expect(asked).toBeGreaterThan(2), within);
  answer = () => Promise.resolve(false);
  const before = asked;
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 2), within);
  expect(led).toBe(false);
  answer = () => Promise.resolve(true);
  await vi.waitFor(() => expect(led).toBe(true), within);
  expect((await server.client.get(Leases, lease)).spec?.holderIdentity).toBe('next');
});

test('an Event that repeats is counted, not written anew', async () => {
  const server = await start(directory());
  stops.push(() => server.close());
  const about = await server.client.create(ConfigMaps, { metadata: { namespace: 'default', name: 'a' } });
  const events = createEventRecorder({ client: server.client, clock: systemClock, log: silentLogger }, 'test');
  for (let i = 0; i < 3; i++) events.event(about, 'Normal', 'Repeated', 'again');
  await events.flush();
  const { items } = await server.client.list(Events, { namespace: 'default', fieldSelector: 'reason=Repeated' });
  expect(items.map((e) => [e.count, e.involvedObject.name])).toEqual([[3, 'a']]);
});
