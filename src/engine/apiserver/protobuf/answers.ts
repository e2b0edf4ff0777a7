import type { StoredRecord } from '../../store/record.ts';
import type { JsonObject } from '../patch/json.ts';
import { groupVersionOf, shown, type ServedResource } from '../resources/served-resource.ts';
import { encodeMessage, encodeObject, envelope, itemHead, listHead, watchFrame } from './encode.ts';
import { messageOf, type Message } from './messages.ts';

/** How many objects stay encoded, the last asked for: those that change are sent to every watcher, and read again soon. */
const keptLimit = 1024;
const kept: (StoredRecord | undefined)[] = Array.from({ length: keptLimit });
const encoded = new WeakMap<StoredRecord, Buffer>();
let nextSlot = 0;

/** Whether a resource's objects can be written as protobuf: those of custom resources cannot. */
export const hasProtobuf = (resource: ServedResource): boolean => messageFor(resource) !== undefined;

function messageFor(resource: ServedResource): Message | undefined {
  return resource.custom === undefined ? messageOf(groupVersionOf(resource), resource.kind) : undefined;
}

function messageBytes(resource: ServedResource, record: StoredRecord): Buffer {
  const known = resource.conversion === undefined ? encoded.get(record) : undefined;
  if (known !== undefined) return known;
  const message = messageFor(resource);
  if (message === undefined) throw new Error(`${resource.kind} has no protobuf form`);
  const bytes = encodeMessage(shown(resource, record) as unknown as JsonObject, message);
  if (resource.conversion === undefined) keep(record, bytes);
  return bytes;
}

function keep(record: StoredRecord, bytes: Buffer): void {
  const evicted = kept[nextSlot];
  if (evicted !== undefined) encoded.delete(evicted);
  kept[nextSlot] = record;
  nextSlot = (nextSlot + 1) % keptLimit;
  encoded.set(record, bytes);
}

/** An object in its envelope, in parts. */
export function objectAnswer(resource: ServedResource, record: StoredRecord): Buffer[] {
  return envelope(groupVersionOf(resource), resource.kind, [messageBytes(resource, record)]);
}

/** One item of a list and what stands before it. */
export function listItems(resource: ServedResource, record: StoredRecord): readonly Buffer[] {
  const bytes = messageBytes(resource, record);
  return [itemHead(bytes.length), bytes];
}

/** A list in its envelope, in parts. @param items of {@link listItems} */
export function listAnswer(resource: ServedResource, metadata: Readonly<Record<string, unknown>>, items: readonly Buffer[]): Buffer[] {
  return envelope(groupVersionOf(resource), `${resource.kind}List`, [listHead(metadata as JsonObject), ...items]);
}

/** A watch's event with an object. */
export function eventFrame(type: string, resource: ServedResource, record: StoredRecord): Buffer {
  return watchFrame(type, objectAnswer(resource, record));
}

/** A watch's event with an object that is not stored: a bookmark, a Status, metadata alone. */
export function valueFrame(type: string, value: object): Buffer {
  const body = encodeObject(value as JsonObject);
  if (body === undefined) throw new Error('A watch in protobuf has only objects that have that form');
  return watchFrame(type, [body]);
}

/** An object that is not stored; undefined for one without a protobuf form. */
export function valueAnswer(value: object): Buffer | undefined {
  return encodeObject(value as JsonObject);
}
