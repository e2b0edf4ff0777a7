import type { StoreEvent } from './record.ts';

export interface HistoryLimits {
  /** Events older than this may be dropped. */
  readonly ageMs: number;
  /** Events are dropped above this many bytes of JSON, whatever their age. */
  readonly bytes: number;
  /** This many newest events are always kept. */
  readonly least: number;
}

export const defaultHistoryLimits: HistoryLimits = { ageMs: 300_000, bytes: 32 * 1024 * 1024, least: 100 };

/** The recent events of one collection, oldest first. */
export class History {
  /** Undefined before `#first`: what was dropped must not be held until the list is cut. */
  #events: (StoreEvent | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #compactedRevision: number;
  readonly #limits: HistoryLimits;

  /** @param startRevision nothing at or before it can be replayed */
  constructor(startRevision: number, limits: HistoryLimits) {
    this.#compactedRevision = startRevision;
    this.#limits = limits;
  }

  /** The newest revision that is gone: a watch must start at or after it. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  append(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += event.record.json.length;
    this.compact(event.atMs);
  }

  compact(nowMs: number): void {
    const { ageMs, bytes, least } = this.#limits;
    while (this.#events.length - this.#first > least) {
      const oldest = this.#events[this.#first] as StoreEvent;
      if (this.#bytes <= bytes && nowMs - oldest.atMs <= ageMs) break;
      this.#bytes -= oldest.record.json.length;
      this.#compactedRevision = oldest.revision;
      this.#events[this.#first++] = undefined;
    }
    if (this.#first > 1024 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Forgets everything up to `revision`, as a test of expired clients needs. */
  compactTo(revision: number): void {
    const kept = this.#kept(this.#first).filter((e) => e.revision > revision);
    this.#events = kept;
    this.#first = 0;
    this.#bytes = kept.reduce((sum, e) => sum + e.record.json.length, 0);
    this.#compactedRevision = Math.max(this.#compactedRevision, revision);
  }

  /** Events after `revision`, oldest first; undefined when some of them are gone. */
  after(revision: number): StoreEvent[] | undefined {
    if (revision < this.#compactedRevision) return undefined;
    let low = this.#first;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle] as StoreEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#kept(low);
  }

  #kept(from: number): StoreEvent[] {
    return this.#events.slice(from) as StoreEvent[];
  }
}
