import type { Clock } from '../../runtime/clock.ts';
import { UserError } from '../user-error.ts';

export interface WaitOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Default 100. */
  readonly intervalMs?: number;
}

/** Looks until `look` gives a value. @throws {UserError} that says what was waited for, when the deadline has passed */
export async function waitFor<T>(what: string, options: WaitOptions, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const until = options.clock.now() + options.deadlineMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await look();
    if (value !== undefined) return value;
    if (options.clock.now() > until) throw new UserError(`Waited ${Math.round(options.deadlineMs / 1_000)} s in vain for ${what}`, { exitCode: 4 });
    await new Promise<void>((resolve) => options.clock.after(options.intervalMs ?? 100, resolve));
  }
}
