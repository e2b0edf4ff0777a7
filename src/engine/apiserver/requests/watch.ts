import type { StoredRecord, StoreEvent } from '../../store/record.ts';
import { StatusError } from '../../../client/status-error.ts';
import { badRequest, expired, internalError, statusOf } from '../api-error.ts';
import { collectionOf } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { mediaTypes, protobufAnswers } from '../http/encodings.ts';
import { acceptedForm, type Form } from '../http/negotiate.ts';
import { groupVersionOf, shown, shownJson } from '../resources/served-resource.ts';
import { partialMetadata, tableOf } from '../tables/table.ts';
import { isNamed, revisionOf, selectionOf, waitForRevision, type Selection } from './read.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const bookmarkEveryMs = 60_000;
/** A client that reads slower than it is sent is cut off when this much waits for it; it lists and watches again. */
const backlogLimitBytes = 16 * 1024 * 1024;

const newline = Buffer.from('}\n');
const heads: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'), MODIFIED: Buffer.from('{"type":"MODIFIED","object":'), DELETED: Buffer.from('{"type":"DELETED","object":'),
};

/** Lines of events that many watchers get in the same form: made once. */
const lines = new WeakMap<StoredRecord, Partial<Record<EventType, Buffer>>>();

const isTrue = (text: string | null): boolean => text === 'true' || text === '1';

export async function handleWatch(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  if (form.encoding === 'yaml') throw new StatusError({ code: 406, reason: 'NotAcceptable', message: 'A watch is written as JSON or protobuf, not as YAML' });
  const selection = selectionOf(request);
  const { query, api } = request;
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch');
  const wanted = revisionOf(query.get('resourceVersion'));
  if (initial !== null && match !== 'NotOlderThan') throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (initial === null && match !== null && match !== '') throw badRequest('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  const bookmarks = isTrue(query.get('allowWatchBookmarks'));
  if (isTrue(initial) && !bookmarks) throw badRequest('sendInitialEvents needs allowWatchBookmarks=true: its end is told by a bookmark');
  const sendState = initial === null ? wanted === undefined || wanted === 0 : isTrue(initial);
  if (wanted !== undefined && wanted > 0) await waitForRevision(api, wanted);
  new WatchStream(request, form, selection).start({ sendState, endBookmark: isTrue(initial), bookmarks, after: sendState ? undefined : wanted || api.store.revision });
}

const eventRecords = (events: readonly StoreEvent[]): StoredRecord[] => events.flatMap((e) => (e.previous === undefined ? [e.record] : [e.previous, e.record]));

class WatchStream {
  readonly #request: ApiRequest;
  readonly #form: Form;
  readonly #selection: Selection;
  readonly #prefix: string;
  #sentColumns = false;
  #sending: Promise<void> = Promise.resolve();
  #stops: (() => void)[] = [];

  constructor(request: ApiRequest, form: Form, selection: Selection) {
    this.#request = request;
    this.#form = form;
    this.#selection = selection;
    this.#prefix = selection.namespace === undefined ? '' : `${selection.namespace}/`;
  }

  /** Events follow `after`, or the whole state first where it is absent. An expired revision is one ERROR event. */
  start(options: { sendState: boolean; endBookmark: boolean; bookmarks: boolean; after: number | undefined }): void {
    const { api, res, query, resource } = this.#request;
    const collection = collectionOf(api, resource);
    const missed = options.after === undefined ? [] : collection.history.after(options.after);
    const { encoding } = this.#form;
    res.writeHead(200, { 'content-type': encoding === 'json' ? mediaTypes.json : `${mediaTypes[encoding]};stream=watch`, 'cache-control': 'no-cache, private' });
    res.flushHeaders();
    if (missed === undefined) {
      const gone = expired(`too old resource version: ${options.after} (${collection.history.compactedRevision})`);
      res.end(this.#valueLine('ERROR', statusOf(gone)));
      return;
    }
    this.#stops.push(collection.subscribe((events) => this.#inOrder(() => eventRecords(events), () => this.#send(events))));
    if (options.sendState) {
      const state = resource.conversion?.prepare === undefined ? collection.records(this.#prefix) : [...collection.records(this.#prefix)];
      this.#inOrder(() => [...state], () => this.#sendState(state));
    } else this.#inOrder(() => eventRecords(missed), () => this.#send(missed));
    if (options.endBookmark) this.#inOrder(() => [], () => this.#bookmark({ 'k8s.io/initial-events-end': 'true' }));
    if (options.bookmarks) this.#bookmarkRegularly();
    const seconds = Math.max(0, Number(query.get('timeoutSeconds') ?? 0)) || 1800 + Math.floor(api.random.next() * 1800);
    this.#stops.push(api.clock.after(seconds * 1000, () => this.#end()));
    const onClosing = (): void => this.#end();
    api.closing.addEventListener('abort', onClosing, { once: true });
    this.#stops.push(() => api.closing.removeEventListener('abort', onClosing));
    res.on('close', () => this.#cancel());
    res.on('error', () => this.#cancel());
  }

  /** Sends at once; where a webhook converts, after what came before and once the records are converted. A conversion that fails is one ERROR event, and the end. */
  #inOrder(records: () => readonly StoredRecord[], send: () => void): void {
    const prepare = this.#request.resource.conversion?.prepare;
    if (prepare === undefined) {
      send();
      return;
    }
    this.#sending = this.#sending.then(() => prepare(records().map((r) => r.object))).then(send).catch((error: unknown) => {
      if (this.#stops.length === 0) return;
      this.#write(this.#valueLine('ERROR', statusOf(error instanceof StatusError ? error : internalError(error))));
      this.#end();
    });
  }

  #sendState(records: Iterable<StoredRecord>): void {
    const parts: Buffer[] = [];
    for (const record of records) if (this.#isSelected(record)) parts.push(this.#line('ADDED', record));
    if (parts.length > 0) this.#write(Buffer.concat(parts));
  }

  #send(events: readonly StoreEvent[]): void {
    const parts: Buffer[] = [];
    for (const event of events) {
      const type = this.#typeFor(event);
      if (type !== undefined) parts.push(this.#line(type, event.record));
    }
    if (parts.length > 0) this.#write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
  }

  /** A change that moves an object into or out of the selection is its creation or deletion to this watcher. */
  #typeFor(event: StoreEvent): EventType | undefined {
    if (!event.key.startsWith(this.#prefix)) return undefined;
    const was = event.previous !== undefined && this.#isSelected(event.previous);
    const is = event.current !== undefined && this.#isSelected(event.current);
    return is ? (was ? 'MODIFIED' : 'ADDED') : was ? 'DELETED' : undefined;
  }

  #isSelected(record: StoredRecord): boolean {
    const { matches } = this.#selection;
    return isNamed(this.#selection, record.key) && (matches === undefined || matches(record));
  }

  #line(type: EventType, record: StoredRecord): Buffer {
    const { resource } = this.#request;
    if (this.#form.as === 'table') {
      const table = tableOf(this.#request, [record], { resourceVersion: String(record.revision) }, !this.#sentColumns);
      this.#sentColumns = true;
      return this.#valueLine(type, table);
    }
    if (this.#form.as === 'metadata') return this.#valueLine(type, partialMetadata(shown(resource, record)));
    const protobuf = this.#protobuf();
    if (protobuf !== undefined) return protobuf.eventFrame(type, resource, record);
    if (resource.conversion !== undefined) return Buffer.concat([heads[type], shownJson(resource, record), newline]);
    let known = lines.get(record);
    if (known === undefined) lines.set(record, (known = {}));
    return (known[type] ??= Buffer.concat([heads[type], record.json, newline]));
  }

  #protobuf(): ReturnType<typeof protobufAnswers> | undefined {
    return this.#form.encoding === 'protobuf' ? protobufAnswers() : undefined;
  }

  #valueLine(type: EventType | 'BOOKMARK' | 'ERROR', object: object): Buffer {
    return this.#protobuf()?.valueFrame(type, object) ?? Buffer.from(`${JSON.stringify({ type, object })}\n`);
  }

  /** Every event up to the committed revision has been sent by now: commits publish and deliver in one step. */
  #bookmark(annotations?: Record<string, string>): void {
    const { resource, api } = this.#request;
    const metadata = { resourceVersion: String(api.store.revision), creationTimestamp: null, ...(annotations && { annotations }) };
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    const object = this.#form.as === 'table' ? { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: metadata.resourceVersion }, columnDefinitions: [], rows: [{ cells: [], object: partial }] }
      : this.#form.as === 'object' ? { kind: resource.kind, apiVersion: groupVersionOf(resource), metadata } : partial;
    this.#write(this.#valueLine('BOOKMARK', object));
  }

  #bookmarkRegularly(): void {
    const { clock } = this.#request.api;
    const tick = (): void => {
      this.#inOrder(() => [], () => this.#bookmark());
      cancel = clock.after(bookmarkEveryMs, tick);
    };
    let cancel = clock.after(bookmarkEveryMs, tick);
    this.#stops.push(() => cancel());
  }

  #write(chunk: Buffer): void {
    const { res, api, path, user } = this.#request;
    if (res.destroyed || res.writableEnded) return;
    res.write(chunk);
    if (res.writableLength <= backlogLimitBytes || this.#stops.length === 0) return;
    api.log.warn({ path, user: user.username }, 'A slow watcher was cut off');
    this.#cancel();
    res.destroy();
  }

  #end(): void {
    this.#cancel();
    if (!this.#request.res.writableEnded) this.#request.res.end();
  }

  #cancel(): void {
    const stops = this.#stops;
    this.#stops = [];
    for (const stop of stops) stop();
  }
}
