import { backoffMs, type BackoffLimits } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import { registerQueue, WorkQueueMetrics } from './work-queue-metrics.ts';

const defaultLimits: BackoffLimits = { baseMs: 10, maxMs: 30_000 };

/** A key is passed over so often, at most, by keys that go before it. */
const PASSED_OVER = 8;

/** `urgent`: keys of the queue's `isUrgent`; `later`: those of which nothing is known to have changed. */
type Priority = 'urgent' | 'now' | 'later';

/** Keys that wait to be worked on: by priority, then first come first served, and none for ever. A key stands in it once; one that is added while it is worked on comes again afterwards. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: BackoffLimits;
  readonly #isUrgent: (key: string) => boolean;
  /** The highest first. */
  readonly #ready: readonly Band[] = (['urgent', 'now', 'later'] as const).map((priority) => ({ priority, keys: new Set(), passedOver: 0 }));
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #takers: Taker[] = [];
  readonly #urgentTakers: Taker[] = [];
  readonly #metrics: WorkQueueMetrics | undefined;
  readonly #unregister: (() => void) | undefined;
  #closed = false;

  /** @param options.name shows the queue in the process's metrics
   *  @param options.isUrgent asked each time that a key is added. Absent: none is */
  constructor(options: { readonly clock: Clock; readonly random: Random; readonly limits?: BackoffLimits; readonly name?: string; readonly isUrgent?: (key: string) => boolean }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#limits = options.limits ?? defaultLimits;
    this.#isUrgent = options.isUrgent ?? (() => false);
    this.#metrics = options.name === undefined ? undefined : new WorkQueueMetrics(options.name, options.clock, () => this.size);
    this.#unregister = this.#metrics && registerQueue(this.#metrics);
  }

  /** Keys ready to be taken. */
  get size(): number {
    return this.#ready.reduce((sum, { keys }) => sum + keys.size, 0);
  }

  add(key: string): void {
    this.#add(key, 'now');
  }

  /** Adds a key of which nothing is known to have changed: what is there when a controller starts. */
  addLater(key: string): void {
    this.#add(key, 'later');
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

  /** Waits for a key; undefined when the queue was closed. Each key taken must be given back with {@link done}.
   *  @param only absent: any key */
  take(only?: 'urgent'): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(undefined);
      (only === undefined ? this.#takers : this.#urgentTakers).push(resolve);
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
    for (const { keys } of this.#ready) keys.clear();
    for (const taker of [...this.#takers.splice(0), ...this.#urgentTakers.splice(0)]) taker(undefined);
  }

  #add(key: string, least: Priority): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    const priority = this.#isUrgent(key) ? 'urgent' : least;
    const to = this.#ready.findIndex((band) => band.priority === priority);
    const from = this.#ready.findIndex((band) => band.keys.has(key));
    // A key comes forward and never goes back: what it was added for is still to be done.
    if (from >= 0 && from <= to) return;
    if (from >= 0) this.#ready[from]?.keys.delete(key);
    else this.#metrics?.added(key);
    this.#ready[to]?.keys.add(key);
    this.#hand();
  }

  #hand(): void {
    while (this.#takers.length > 0 && this.size > 0) this.#give(this.#takers, this.#next());
    while (this.#urgentTakers.length > 0 && this.#ready[0]!.keys.size > 0) this.#give(this.#urgentTakers, this.#ready[0]!);
  }

  #give(takers: Taker[], { keys }: Band): void {
    const [key] = keys;
    keys.delete(key!);
    this.#working.add(key!);
    this.#metrics?.taken(key!);
    takers.shift()!(key);
  }

  /** The band whose turn it is, of those that have keys. */
  #next(): Band {
    const waiting = this.#ready.filter(({ keys }) => keys.size > 0);
    const next = waiting.find(({ passedOver }) => passedOver >= PASSED_OVER) ?? waiting[0]!;
    for (const band of waiting) band.passedOver = band === next ? 0 : band.passedOver + 1;
    return next;
  }
}

interface Band {
  readonly priority: Priority;
  readonly keys: Set<string>;
  /** How often another went before it since it last had its turn. */
  passedOver: number;
}

type Taker = (key: string | undefined) => void;
