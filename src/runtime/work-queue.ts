import { backoffMs, type BackoffLimits } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import { registerQueue, WorkQueueMetrics } from './work-queue-metrics.ts';

const defaultLimits: BackoffLimits = { baseMs: 10, maxMs: 30_000 };

/** So many keys of now go before one that can wait, so that none waits for ever. */
const NOW_BEFORE_LATER = 8;

/** Keys that wait to be worked on, first come first served, those that can wait behind the others. A key stands in it once; one that is added while it is worked on comes again afterwards. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: BackoffLimits;
  readonly #ready = new Set<string>();
  readonly #later = new Set<string>();
  #sinceLater = 0;
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #metrics: WorkQueueMetrics | undefined;
  readonly #unregister: (() => void) | undefined;
  #closed = false;

  /** @param options.name shows the queue in the process's metrics */
  constructor(options: { readonly clock: Clock; readonly random: Random; readonly limits?: BackoffLimits; readonly name?: string }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#limits = options.limits ?? defaultLimits;
    this.#metrics = options.name === undefined ? undefined : new WorkQueueMetrics(options.name, options.clock, () => this.size);
    this.#unregister = this.#metrics && registerQueue(this.#metrics);
  }

  /** Keys ready to be taken. */
  get size(): number {
    return this.#ready.size + this.#later.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#ready.has(key)) return;
    if (!this.#later.delete(key)) this.#metrics?.added(key);
    this.#ready.add(key);
    this.#hand();
  }

  /** Adds a key of which nothing is known to have changed: what is there when a controller starts. */
  addLater(key: string): void {
    if (this.#working.has(key)) return this.add(key);
    if (this.#closed || this.#ready.has(key)) return;
    if (!this.#later.has(key)) this.#metrics?.added(key);
    this.#later.add(key);
    this.#hand();
  }

  /** Of several delayed adds of one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) return this.add(key);
    const dueMs = this.#clock.now() + ms;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.dueMs <= dueMs) return;
    waiting?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
  }

  /** Adds after a back-off that doubles with each failure since {@link forget}. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    this.addAfter(key, backoffMs(failures, this.#limits, this.#random));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Waits for a key; undefined when the queue was closed. Each key taken must be given back with {@link done}. */
  take(): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(undefined);
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    this.#working.delete(key);
    this.#metrics?.done(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    this.#unregister?.();
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.clear();
    this.#later.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#working.add(key);
      this.#metrics?.taken(key);
      this.#takers.shift()!(key);
    }
  }

  #next(): string | undefined {
    const fromLater = this.#ready.size === 0 || this.#sinceLater >= NOW_BEFORE_LATER;
    const from = fromLater && this.#later.size > 0 ? this.#later : this.#ready;
    const next = from.values().next();
    if (next.done === true) return undefined;
    this.#sinceLater = from === this.#later ? 0 : this.#sinceLater + 1;
    from.delete(next.value);
    return next.value;
  }
}
