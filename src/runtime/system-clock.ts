import type { Clock, Random } from './clock.ts';

/** The machine's time. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    // setTimeout fires at once for a delay beyond 2^31 - 1 ms (24.8 days).
    const timer = setTimeout(call, Math.min(ms, 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = { next: () => Math.random() };
