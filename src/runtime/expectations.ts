import type { Clock } from './clock.ts';

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/** An informer that has missed an event must not block a controller for ever. */
const timeoutMs = 60_000;

/** What a controller has written and its informer has not shown yet: until it is shown, counting objects would count wrong. */
export class Expectations {
  readonly #expected = new Map<string, Expected>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call before the writes, since the informer may be faster than their answers. */
  expect(owner: string, creations: number, deletedUids: readonly string[]): void {
    this.#expected.set(owner, { creations, deletions: new Set(deletedUids), sinceMs: this.#clock.now() });
  }

  /** The informer showed a new object of the owner, or its creation failed. */
  created(owner: string): void {
    const expected = this.#expected.get(owner);
    if (expected !== undefined && expected.creations > 0) expected.creations -= 1;
  }

  /** The informer showed that an object goes or is gone, or its deletion failed. */
  deleted(owner: string, uid: string): void {
    this.#expected.get(owner)?.deletions.delete(uid);
  }

  satisfied(owner: string): boolean {
    const expected = this.#expected.get(owner);
    if (expected === undefined) return true;
    const done = (expected.creations === 0 && expected.deletions.size === 0) || this.#clock.now() - expected.sinceMs > timeoutMs;
    if (done) this.#expected.delete(owner);
    return done;
  }

  forget(owner: string): void {
    this.#expected.delete(owner);
  }
}
