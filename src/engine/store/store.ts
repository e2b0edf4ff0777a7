import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';
import type { KubernetesObject } from '../../client/resource.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Collection } from './collection.ts';
import { DataDamagedError, DataFormatError, UnusableDataError } from './data-error.ts';
import { lockData } from './data-lock.ts';
import { DiskSpace } from './disk-space.ts';
import { defaultHistoryLimits, Histories, type HistoryLimits } from './history.ts';
import { jsonOf, StoredRecord, type StoreEvent } from './record.ts';
import { checkHeader } from './file-header.ts';
import { checkIdentity } from './store-identity.ts';

/** The layout of the database; a higher number on disk means that a newer Aweigh wrote it. */
const formatVersion = 1;

interface Write {
  readonly collection: Collection;
  readonly event: StoreEvent;
  readonly resolve: (record: StoredRecord) => void;
  readonly reject: (error: Error) => void;
}

export interface StoreOptions {
  /** Created with mode 0700 where absent. */
  readonly dir: string;
  readonly clock: Clock;
  readonly history?: HistoryLimits;
  /** Called once when a commit failed: LMDB's memory is of no use from then on, and only a new process can write again. */
  readonly onBroken?: (error: Error) => void;
  /** Bytes that the directory's disk has left. */
  readonly freeBytes?: (dir: string) => number;
  /** How much is written before the memory that the file takes is given back. */
  readonly reopenAfterBytes?: number;
}

const reopenAfterBytes = 16 * 1024 * 1024;

/** All objects of a cluster. Reads see committed state only; writers see {@link head}, which runs ahead of the disk by at most one group commit.
 *  A write's promise resolves once it is on disk; until then nobody can read it. */
export class Store {
  readonly #path: string;
  #root: RootDatabase;
  #objects: Database<Buffer, string>;
  #meta: Database<number, string>;
  readonly #dir: string;
  /** Bytes of the file that may have come into this process's memory since it was opened. */
  #mappedBytes = 0;
  readonly #reopenAfterBytes: number;
  readonly #unlock: () => void;
  readonly #clock: Clock;
  readonly #histories: Histories;
  readonly #space: DiskSpace;
  readonly #onBroken: (error: Error) => void;
  readonly #collections = new Map<string, Collection>();
  /** Uncommitted states by `collection key`; undefined value: deleted. */
  readonly #ahead = new Map<string, { revision: number; record: StoredRecord | undefined }>();
  #headRevision = 0;
  #revision = 0;
  #queue: Write[] = [];
  #committing: Promise<void> | undefined;
  #failed: Error | undefined;
  readonly #startRevision: number;

  constructor(options: StoreOptions) {
    this.#clock = options.clock;
    this.#histories = new Histories(options.history ?? defaultHistoryLimits);
    this.#space = new DiskSpace(options.dir, options.clock, options.freeBytes);
    this.#onBroken = options.onBroken ?? (() => {});
    this.#dir = options.dir;
    this.#reopenAfterBytes = options.reopenAfterBytes ?? reopenAfterBytes;
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    this.#unlock = lockData(options.dir);
    let root: RootDatabase | undefined;
    try {
      const path = this.#path = join(options.dir, 'store.mdb');
      checkHeader(path, options.dir);
      this.#root = root = openFile(path, options.dir);
      this.#meta = metaOf(root);
      const format = this.#meta.get('format');
      if (format !== undefined && format > formatVersion) {
        throw new DataFormatError(`The data directory ${options.dir} has format ${format}, and this version of Aweigh reads formats up to ${formatVersion}: use the newer Aweigh that wrote it, or another directory with --data`);
      }
      this.#objects = objectsOf(root);
      if (format === undefined) this.#meta.putSync('format', formatVersion);
      checkIdentity(options.dir, { read: () => this.#ids().get('id'), write: (id) => this.#ids().putSync('id', id) });
      this.#startRevision = this.#load(options.dir);
    } catch (error) {
      void root?.close();
      this.#unlock();
      throw error;
    }
    this.#revision = this.#startRevision;
    this.#headRevision = this.#startRevision;
  }

  /** The newest committed revision: every resourceVersion is one of these. */
  get revision(): number {
    return this.#revision;
  }

  /** What the data take on disk. */
  get sizeBytes(): number {
    return statSync(this.#path).size;
  }

  collection(name: string): Collection {
    let found = this.#collections.get(name);
    if (found === undefined) {
      found = new Collection(name, this.#histories.open(this.#startRevision));
      this.#collections.set(name, found);
    }
    return found;
  }

  /** The newest state of an object, committed or about to be: what a writer must build on. */
  head(collection: Collection, key: string): StoredRecord | undefined {
    const ahead = this.#ahead.get(`${collection.name} ${key}`);
    return ahead === undefined ? collection.get(key) : ahead.record;
  }

  /** Writes a new state over {@link head}. Sets `metadata.resourceVersion` of the given object, which is the store's from then on. */
  put(collection: Collection, key: string, object: KubernetesObject): Promise<StoredRecord> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const revision = ++this.#headRevision;
    object.metadata = { ...object.metadata, resourceVersion: String(revision) };
    const record = new StoredRecord(key, revision, jsonOf(object), object);
    return this.#enqueue(collection, key, record, record);
  }

  /** Removes {@link head}. Resolves to the last state under the revision of the deletion. `last` replaces that state where the deletion itself changed it. */
  delete(collection: Collection, key: string, last: KubernetesObject): Promise<StoredRecord> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const revision = ++this.#headRevision;
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
    const record = new StoredRecord(key, revision, jsonOf(object), object);
    return this.#enqueue(collection, key, record, undefined);
  }

  /** Resolves when all that was written before is on disk. */
  async flush(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#root.close();
    this.#unlock();
  }

  #refusal(): Error | undefined {
    return this.#failed ?? this.#space.refusal();
  }

  #ids(): Database<string, string> {
    return this.#meta as unknown as Database<string, string>;
  }

  #enqueue(collection: Collection, key: string, record: StoredRecord, current: StoredRecord | undefined): Promise<StoredRecord> {
    const previous = this.head(collection, key);
    const event: StoreEvent = { revision: record.revision, key, record, atMs: this.#clock.now(), ...(current && { current }), ...(previous && { previous }) };
    this.#ahead.set(`${collection.name} ${key}`, { revision: record.revision, record: current });
    return new Promise((resolve, reject) => {
      this.#queue.push({ collection, event, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    // One turn's grace lets the requests that arrived together share a commit.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      try {
        await this.#persist(group);
      } catch (error) {
        this.#fail(group, error as Error);
        break;
      }
      this.#publish(group);
      if (this.#mappedBytes < this.#reopenAfterBytes) continue;
      try {
        await this.#reopen();
      } catch (error) {
        this.#fail([], error as Error);
        break;
      }
    }
    this.#committing = undefined;
  }

  /** Opens the file anew, between two commits: all is in memory and nothing is read from the file again, yet LMDB's map of it keeps every page that a write
   *  came near, up to the whole file. */
  async #reopen(): Promise<void> {
    await this.#root.close();
    this.#root = openFile(this.#path, this.#dir);
    this.#meta = metaOf(this.#root);
    this.#objects = objectsOf(this.#root);
    this.#mappedBytes = 0;
    const found = this.#meta.get('revision');
    if (found !== this.#revision) throw new Error(`${this.#path} is at revision ${found ?? 0} and not at ${this.#revision}: another file is in its place`);
  }

  async #persist(group: readonly Write[]): Promise<void> {
    const last = group.at(-1) as Write;
    const written: Promise<unknown>[] = [];
    for (const { collection, event } of group) {
      const key = `${collection.name} ${event.key}`;
      this.#mappedBytes += event.record.json.length;
      written.push(event.current === undefined ? this.#objects.remove(key) : this.#objects.put(key, event.current.json));
    }
    written.push(this.#meta.put('revision', last.event.revision));
    await Promise.all(written);
  }

  #publish(group: readonly Write[]): void {
    const changed = new Map<Collection, StoreEvent[]>();
    for (const { collection, event } of group) {
      collection.apply(event);
      const ahead = `${collection.name} ${event.key}`;
      if (this.#ahead.get(ahead)?.revision === event.revision) this.#ahead.delete(ahead);
      const events = changed.get(collection);
      if (events === undefined) changed.set(collection, [event]);
      else events.push(event);
    }
    this.#revision = (group.at(-1) as Write).event.revision;
    for (const { event, resolve } of group) resolve(event.record);
    for (const [collection, events] of changed) for (const listener of collection.listeners) listener(events);
    for (const { event } of group) letGo(event);
  }

  /** After a failed commit the memory is ahead of the disk in an unknown way: every write is refused, and the process has to start again. */
  #fail(group: readonly Write[], cause: Error): void {
    this.#failed = new Error(`The store cannot write to disk (${cause.message}): free space or mend the disk`, { cause });
    for (const { reject } of [...group, ...this.#queue]) reject(this.#failed);
    this.#queue = [];
    this.#ahead.clear();
    this.#onBroken(this.#failed);
  }

  /** @throws {DataDamagedError} when fewer objects can be read than were written */
  #load(dir: string): number {
    let revision = this.#meta.get('revision') ?? 0;
    const collections = new Map<string, StoredRecord[]>();
    let read = 0;
    for (const { key, value } of this.#objects.getRange()) {
      const space = key.indexOf(' ');
      const own = Buffer.from(value);
      const record = new StoredRecord(key.slice(space + 1), revisionOf(own, dir, key), own);
      read++;
      this.#mappedBytes += own.length;
      revision = Math.max(revision, record.revision);
      const name = key.slice(0, space);
      const records = collections.get(name);
      if (records === undefined) collections.set(name, [record]);
      else records.push(record);
    }
    const { entryCount } = this.#objects.getStats() as { entryCount: number };
    if (read !== entryCount) throw new DataDamagedError(dir, `${read} of ${entryCount} objects can be read`);
    for (const [name, records] of collections) {
      const collection = new Collection(name, this.#histories.open(revision));
      for (const record of records) collection.load(record);
      this.#collections.set(name, collection);
    }
    return revision;
  }
}

/** What was changed is changed again soon, and stays parsed. What was only just made, or is gone, is not worth it: a parsed object is ten times what the
 *  rest of a create leaves behind, and one that dies young costs the garbage collector nothing. */
function letGo({ record, current, previous }: StoreEvent): void {
  if (current !== undefined && previous !== undefined) record.keep();
  else record.release();
  previous?.release();
}

const metaOf = (root: RootDatabase): Database<number, string> => root.openDB<number, string>({ name: 'meta', encoding: 'json' });
const objectsOf = (root: RootDatabase): Database<Buffer, string> => root.openDB<Buffer, string>({ name: 'objects', encoding: 'binary' });

/** @throws {DataDamagedError} when the file is no database */
function openFile(path: string, dir: string): RootDatabase {
  try {
    return open({ path, noSubdir: true, overlappingSync: false, maxDbs: 4, encoding: 'binary', permissionsMode: 0o600 } as Parameters<typeof open>[0]);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string' || /permission|read-only|no space/i.test(message)) throw new UnusableDataError(`The store in ${dir} cannot be opened: ${message}. Its owner needs to read and write it, on a disk that is not read-only`, { cause });
    throw new DataDamagedError(dir, `store.mdb is no database (${message})`, { cause });
  }
}

function revisionOf(json: Buffer, dir: string, key: string): number {
  try {
    const object = JSON.parse(json.toString()) as KubernetesObject;
    return Number(object.metadata?.resourceVersion ?? 0);
  } catch (cause) {
    throw new DataDamagedError(dir, `the object ${key} cannot be read`, { cause });
  }
}
