import type { History } from './history.ts';
import type { StoredRecord, StoreEvent } from './record.ts';
import { SortedKeys } from './sorted-keys.ts';

export type EventListener = (events: readonly StoreEvent[]) => void;

/** The committed objects of one resource, by key `namespace/name` (`name` where cluster-scoped), with their recent history. */
export class Collection {
  readonly name: string;
  readonly history: History;
  readonly #records = new Map<string, StoredRecord>();
  readonly #keys = new SortedKeys();
  readonly #listeners = new Set<EventListener>();
  #answered: { readonly question: string; readonly answer: unknown } | undefined;

  constructor(name: string, history: History) {
    this.name = name;
    this.history = history;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): StoredRecord | undefined {
    return this.#records.get(key);
  }

  /** Committed records in key order. */
  *records(prefix = '', start = ''): Generator<StoredRecord> {
    for (const key of this.#keys.from(start, prefix)) yield this.#records.get(key) as StoredRecord;
  }

  /** The answer to a question about the records, found again only after a change: many clients poll the same list. The last question's is kept.
   *  @param question all that the answer depends on beside the records */
  whileUnchanged<T>(question: string, find: () => T): T {
    if (this.#answered?.question !== question) this.#answered = { question, answer: find() };
    return this.#answered.answer as T;
  }

  /** Records as they were at `revision`, in key order; undefined when the history no longer reaches back to it. */
  recordsAt(revision: number, prefix = '', start = ''): Iterable<StoredRecord> | undefined {
    const later = this.history.after(revision);
    if (later === undefined) return undefined;
    if (later.length === 0) return this.records(prefix, start);
    const before = new Map<string, StoredRecord | undefined>();
    for (const event of later) if (!before.has(event.key)) before.set(event.key, event.previous);
    return this.#overlaid(before, prefix, start);
  }

  *#overlaid(before: ReadonlyMap<string, StoredRecord | undefined>, prefix: string, start: string): Generator<StoredRecord> {
    const gone = [...before].filter(([key, record]) => record !== undefined && !this.#records.has(key) && key.startsWith(prefix) && key >= start).map(([key]) => key).sort(byCodeUnit);
    let next = 0;
    for (const key of this.#keys.from(start, prefix)) {
      while (next < gone.length && (gone[next] as string) < key) yield before.get(gone[next++] as string) as StoredRecord;
      const record = before.has(key) ? before.get(key) : this.#records.get(key);
      if (record !== undefined) yield record;
    }
    while (next < gone.length) yield before.get(gone[next++] as string) as StoredRecord;
  }

  /** Calls after each commit with that commit's events of this collection. Returns an unsubscribe function. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): ReadonlySet<EventListener> {
    return this.#listeners;
  }

  /** Puts a record read from disk; no event. */
  load(record: StoredRecord): void {
    this.#records.set(record.key, record);
    this.#keys.insert(record.key);
  }

  apply(event: StoreEvent): void {
    if (event.current === undefined) {
      this.#records.delete(event.key);
      this.#keys.remove(event.key);
    } else {
      this.#records.set(event.key, event.current);
      if (event.previous === undefined) this.#keys.insert(event.key);
    }
    this.#answered = undefined;
    this.history.append(event);
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
