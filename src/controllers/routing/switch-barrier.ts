/** Lets routers that all have to switch do it at the same time: each waits until the others are prepared, or are no longer expected. */
export class SwitchBarrier {
  readonly #open = Promise.withResolvers<void>();
  #expected: number;

  /** @param expected routers that take part */
  constructor(expected: number) {
    this.#expected = expected;
    if (expected <= 0) this.#open.resolve();
  }

  /** A router is prepared; resolves when all are. */
  arrive(): Promise<void> {
    this.leave();
    return this.#open.promise;
  }

  /** A router failed, or has nothing to switch. */
  leave(): void {
    if (--this.#expected <= 0) this.#open.resolve();
  }

  /** Nobody waits any longer. */
  release(): void {
    this.#open.resolve();
  }
}
