import protobuf from 'protobufjs';
import { put, type JsonObject, type JsonValue } from '../patch/json.ts';
import { inlineMessage, messageNamed, messageOf, type Field, type Message, type Scalar } from './messages.ts';
import { specialMessages } from './special.ts';
import { endOf, ProtobufError, readFields, toNumber, type Reader } from './wire.ts';

const magic = Buffer.from('k8s\0', 'latin1');
const deepest = 100;

/** A body in Kubernetes's protobuf envelope starts so. */
export function isProtobufBody(body: Buffer): boolean {
  return body.length >= 4 && body.subarray(0, 4).equals(magic);
}

/**
 * The object in a protobuf body (`k8s\0`, then runtime.Unknown), as its JSON would be, with apiVersion and kind.
 * @param fallback the kind to read a body as that does not name its own
 * @throws {ProtobufError} for bytes or kinds that cannot be read
 */
export function decodeBody(body: Buffer, fallback?: { readonly apiVersion: string; readonly kind: string }): JsonObject {
  if (!isProtobufBody(body)) throw new ProtobufError('A protobuf body starts with the four bytes "k8s\\0"');
  try {
    return decodeUnknown(body.subarray(4), fallback);
  } catch (e) {
    if (e instanceof ProtobufError) throw e;
    throw new ProtobufError(`The protobuf body is malformed: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
}

function decodeUnknown(bytes: Buffer, fallback?: { readonly apiVersion: string; readonly kind: string }): JsonObject {
  const r = protobuf.Reader.create(bytes);
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = Buffer.alloc(0);
  let contentType = '';
  readFields(r, r.len, (number) => {
    if (number === 1) {
      readFields(r, endOf(r), (inner) => {
        if (inner === 1) apiVersion = r.string();
        else if (inner === 2) kind = r.string();
        else return false;
        return true;
      });
    } else if (number === 2) raw = r.bytes();
    else if (number === 4) contentType = r.string();
    else return false;
    return true;
  });
  apiVersion ||= fallback?.apiVersion ?? '';
  kind ||= fallback?.kind ?? '';
  if (contentType === 'application/json') return { ...JSON.parse(Buffer.from(raw).toString('utf8')) as JsonObject, apiVersion, kind };
  const message = messageOf(apiVersion, kind);
  if (!message) throw new ProtobufError(`Kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)} has no protobuf form; send JSON`);
  const inner = protobuf.Reader.create(raw);
  return { kind, apiVersion, ...readMessage(inner, inner.len, message, 0) };
}

export function readMessage(r: Reader, end: number, message: Message, depth: number): JsonObject {
  if (depth > deepest) throw new ProtobufError(`A protobuf body nests at most ${deepest} messages`);
  const result: Record<string, JsonValue> = {};
  readFields(r, end, (number) => {
    const field = message.byNumber.get(number);
    if (!field) return false;
    readField(r, message, field, result, depth);
    return true;
  });
  return result;
}

function readField(r: Reader, holder: Message, field: Field, result: Record<string, JsonValue>, depth: number): void {
  if (field.shape === 'map') { readEntry(r, field, result, depth); return; }
  if (field.name === '') {
    Object.assign(result, readMessage(r, endOf(r), inlineMessage(holder.name, (field.type as { message: string }).message), depth + 1));
    return;
  }
  const value = readValue(r, field.type, depth);
  if (field.shape === 'repeated') {
    const list = result[field.name] as JsonValue[] | undefined;
    if (list) list.push(value ?? null);
    else result[field.name] = [value ?? null];
  } else if (value !== undefined && (field.keepZero || !isZero(value))) put(result, field.name, value);
}

const isZero = (value: JsonValue): boolean => value === '' || value === 0 || value === false;

function readEntry(r: Reader, field: Field, result: Record<string, JsonValue>, depth: number): void {
  let key = '';
  let value: JsonValue;
  readFields(r, endOf(r), (number) => {
    if (number === 1) key = r.string();
    else if (number === 2) value = readValue(r, field.type, depth);
    else return false;
    return true;
  });
  const map = (result[field.name] ??= {}) as Record<string, JsonValue>;
  put(map, key, value ?? emptyOf(field.type));
}

function emptyOf(type: Field['type']): JsonValue {
  if (typeof type === 'object') return {};
  return type === 'string' || type === 'bytes' ? '' : type === 'bool' ? false : 0;
}

function readValue(r: Reader, type: Field['type'], depth: number): JsonValue {
  if (typeof type === 'string') return readScalar(r, type);
  const special = specialMessages.get(type.message);
  const end = endOf(r);
  return special ? special.read(r, end, (name, inner) => readMessage(r, inner, messageNamed(name), depth + 1)) : readMessage(r, end, messageNamed(type.message), depth + 1);
}

function readScalar(r: Reader, type: Scalar): JsonValue {
  switch (type) {
    case 'string': return r.string();
    case 'int32': return r.int32();
    case 'int64': return toNumber(r.int64());
    case 'bool': return r.bool();
    case 'float64': return r.double();
    case 'bytes': return Buffer.from(r.bytes()).toString('base64');
  }
}
