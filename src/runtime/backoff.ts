import type { Clock, Random } from './clock.ts';

export interface BackoffLimits {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Full jitter: uniform in [0, min(maxMs, baseMs * 2^failures)). */
export function backoffMs(failures: number, limits: BackoffLimits, random: Random): number {
  return random.next() * Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(failures, 30));
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
