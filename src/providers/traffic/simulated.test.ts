import { expect, test } from 'vitest';
import type { Traffic } from '../../controllers/routing/traffic-provider.ts';
import { ManualClock } from '../../runtime/manual-clock.ts';
import { simulatedProvider } from './simulated.ts';

const traffic = (backend: string): Traffic => ({ backends: [{ name: backend, track: 'production', version: backend, servers: [] }], routes: [], production: { backend, seed: 's' } });
const credentials = { ca: '', certificate: '', key: '' };
const pod = { name: 'router-1', address: '127.1.0.1' };

test('a simulated router keeps what it was told, switches when the others do, and forgets when it is gone', async () => {
  const clock = new ManualClock(1_000);
  const provider = simulatedProvider(clock);
  const { signal } = new AbortController();
  let waited = 0;
  const atSwitch = (): Promise<void> => { waited++; return Promise.resolve(); };
  expect(await provider.tell(pod, credentials, traffic('v1'), signal, atSwitch)).toEqual({ observedAt: 1_000, lastSwitchAt: 1_000, changed: true });
  clock.advance(500);
  expect(await provider.tell(pod, credentials, traffic('v1'), signal, atSwitch)).toEqual({ observedAt: 1_500, lastSwitchAt: 1_000, changed: false });
  expect(waited).toBe(0);
  expect(await provider.tell(pod, credentials, traffic('v2'), signal, atSwitch)).toEqual({ observedAt: 1_500, lastSwitchAt: 1_500, changed: true });
  expect(waited).toBe(1);
  expect((await provider.stats(pod, credentials, signal)).backends.map((b) => b.backend)).toEqual(['v2']);
  provider.forget(pod);
  expect((await provider.stats(pod, credentials, signal)).backends).toEqual([]);
});
