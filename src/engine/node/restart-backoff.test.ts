import { expect, test } from 'vitest';
import { afterEnd, retryDelayMs, type RestartBackoff } from './restart-backoff.ts';

test('restarts wait 0, 10, 20 … 300 s, and at once again after ten minutes of running', () => {
  let backoff: RestartBackoff = {};
  const waits = Array.from({ length: 8 }, () => (backoff = afterEnd(backoff, 1_000)).delayMs! / 1_000);
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  expect(afterEnd(backoff, 600_000)).toEqual({ delayMs: 0 });
});

test('a longest wait of 1 s holds from the second restart on', () => {
  let backoff: RestartBackoff = {};
  expect(Array.from({ length: 3 }, () => (backoff = afterEnd(backoff, 1_000, 1_000)).delayMs)).toEqual([0, 1_000, 1_000]);
});

test('failures to make a container are tried again after 10, 20 … 300 s', () => {
  expect([1, 2, 3, 6, 50].map(retryDelayMs)).toEqual([10_000, 20_000, 40_000, 300_000, 300_000]);
});
