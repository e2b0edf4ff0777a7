import type { StoreEvent } from './record.ts';

export interface HistoryLimits {
  /** Events older than this are dropped. */
  readonly ageMs: number;
  /** All collections of a store together keep events of about so many bytes, the newest ones, whatever their age. */
  readonly bytes: number;
  /** This many newest events of each collection are always kept. */
  readonly least: number;
}

export const defaultHistoryLimits: HistoryLimits = { ageMs: 300_000, bytes: 64 * 1024 * 1024, least: 100 };

/** What an event takes in memory beside its JSON. */
const BYTES_AN_EVENT = 512;

const bytesOf = (event: StoreEvent): number => event.record.json.length + BYTES_AN_EVENT;

/** The histories of a store, which share one limit: what is dropped first is the oldest of all, so that they reach about equally far back. */
export class Histories {
  readonly #limits: HistoryLimits;
  readonly #all: History[] = [];
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** @param startRevision nothing at or before it can be replayed */
  open(startRevision: number): History {
    const history = new History(startRevision, (bytes, nowMs) => this.#changed(bytes, nowMs));
    this.#all.push(history);
    return history;
  }

  /** @param nowMs absent where events went */
  #changed(bytes: number, nowMs?: number): void {
    this.#bytes += bytes;
    if (nowMs === undefined) return;
    const { ageMs, bytes: most, least } = this.#limits;
    for (;;) {
      let oldest: History | undefined;
      for (const history of this.#all) {
        if (history.size > least && (oldest === undefined || history.oldestAtMs < oldest.oldestAtMs)) oldest = history;
      }
      if (oldest === undefined || (this.#bytes <= most && nowMs - oldest.oldestAtMs <= ageMs)) return;
      oldest.dropOldest();
    }
  }
}

/** The recent events of one collection, oldest first. */
export class History {
  /** Undefined before `#first`: what was dropped must not be held until the list is cut. */
  #events: (StoreEvent | undefined)[] = [];
  #first = 0;
  #compactedRevision: number;
  readonly #changed: (bytes: number, nowMs?: number) => void;

  constructor(startRevision: number, changed: (bytes: number, nowMs?: number) => void) {
    this.#compactedRevision = startRevision;
    this.#changed = changed;
  }

  /** The newest revision that is gone: a watch must start at or after it. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get size(): number {
    return this.#events.length - this.#first;
  }

  /** Infinity where there is no event. */
  get oldestAtMs(): number {
    return this.#events[this.#first]?.atMs ?? Infinity;
  }

  append(event: StoreEvent): void {
    this.#events.push(event);
    this.#changed(bytesOf(event), event.atMs);
  }

  dropOldest(): void {
    const oldest = this.#events[this.#first];
    if (oldest === undefined) return;
    this.#compactedRevision = oldest.revision;
    this.#events[this.#first++] = undefined;
    if (this.#first > 1024 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    this.#changed(-bytesOf(oldest));
  }

  /** Forgets everything up to `revision`, as a test of expired clients needs. */
  compactTo(revision: number): void {
    while ((this.#events[this.#first]?.revision ?? Infinity) <= revision) this.dropOldest();
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
    return this.#events.slice(low) as StoreEvent[];
  }
}
