import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import { inlineMessage, messageNamed, messageOf, type Field, type Message, type Scalar } from './messages.ts';
import { Output } from './output.ts';
import { specialMessages } from './special.ts';

const magic = Buffer.from('k8s\0', 'latin1');
/** An empty contentEncoding and contentType: what is inside is protobuf. */
const plain = Buffer.from([0x1a, 0, 0x22, 0]);
const out = new Output();

function written(write: () => void): Buffer {
  try {
    write();
    return out.take();
  } catch (error) {
    out.clear();
    throw error;
  }
}

/** The bytes of an object's message, without an envelope: what lists hold. The same that Kubernetes writes. */
export function encodeMessage(object: JsonObject, message: Message): Buffer {
  return written(() => writeMessage(object, message));
}

/** A message in Kubernetes's envelope: `k8s\0`, then runtime.Unknown with the kind. @param parts of the message, in order */
export function envelope(apiVersion: string, kind: string, parts: readonly Buffer[]): Buffer[] {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head = written(() => {
    out.varint(size);
    out.tag(2, 2);
    out.nested(1, () => {
      string(2, kind);
      string(1, apiVersion);
    });
    out.raw(magic);
  });
  return [head, ...parts, plain];
}

/**
 * An object or list in Kubernetes's protobuf envelope; undefined for kinds without a protobuf form (custom resources,
 * Tables), which are answered as JSON.
 */
export function encodeObject(object: JsonObject): Buffer | undefined {
  const { apiVersion, kind } = object;
  const message = typeof apiVersion === 'string' && typeof kind === 'string' ? messageOf(apiVersion, kind) : undefined;
  return message === undefined ? undefined : Buffer.concat(envelope(apiVersion as string, kind as string, [encodeMessage(object, message)]));
}

/** What stands before each item of a list. */
export function itemHead(size: number): Buffer {
  return written(() => {
    out.varint(size);
    out.tag(2, 2);
  });
}

/** What stands before a list's items. */
export function listHead(metadata: JsonObject): Buffer {
  return written(() => out.nested(1, () => writeMessage(metadata, messageNamed('meta.v1.ListMeta'))));
}

/** One frame of a watch: four bytes of length, then the event. @param object in its envelope */
export function watchFrame(type: string, object: readonly Buffer[]): Buffer {
  const size = object.reduce((sum, part) => sum + part.length, 0);
  const head = written(() => {
    out.varint(size);
    out.tag(1, 2);
    out.varint(size + out.length);
    out.tag(2, 2);
    string(1, type);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(size + out.length);
    out.raw(length);
  });
  return Buffer.concat([head, ...object]);
}

function string(field: number, value: string): void {
  out.string(value);
  out.tag(field, 2);
}

/** From the last field to the first: {@link Output} is written from its end. */
function writeMessage(value: JsonObject, message: Message): void {
  const { fields } = message;
  for (let i = fields.length - 1; i >= 0; i--) {
    const field = fields[i] as Field;
    if (field.name === '') out.nested(field.number, () => writeMessage(value, inlineMessage(message.name, (field.type as { message: string }).message)));
    else writeField(value[field.name], field);
  }
}

function writeField(value: JsonValue, field: Field): void {
  if (value === undefined || value === null) {
    if (field.always) writeZero(field);
  } else if (field.shape === 'single') writeValue(field.number, value, field.type);
  else if (field.shape === 'repeated') {
    if (isList(value)) for (let i = value.length - 1; i >= 0; i--) writeValue(field.number, value[i], field.type);
  } else if (isObject(value)) {
    for (const key of Object.keys(value).sort().reverse()) {
      out.nested(field.number, () => {
        writeValue(2, value[key], field.type);
        string(1, key);
      });
    }
  }
}

const zeros = new WeakMap<Field, Buffer>();

/** A field at Go's zero value, which is the same each time. */
function writeZero(field: Field): void {
  const known = zeros.get(field);
  if (known !== undefined) {
    out.raw(known);
    return;
  }
  const before = out.length;
  writeValue(field.number, undefined, field.type);
  zeros.set(field, out.last(out.length - before));
}

/** Absent values are written as Go's zero. */
function writeValue(number: number, value: JsonValue, type: Field['type']): void {
  if (typeof type === 'string') {
    writeScalar(number, value, type);
    return;
  }
  const special = specialMessages.get(type.message);
  out.nested(number, () => {
    if (special !== undefined) special.write(out, value, (object, name) => writeMessage(object, messageNamed(name)));
    else writeMessage(isObject(value) ? value : {}, messageNamed(type.message));
  });
}

function writeScalar(number: number, value: JsonValue, type: Scalar): void {
  switch (type) {
    case 'string': string(number, value === undefined || value === null ? '' : String(value)); break;
    case 'int32': case 'int64': out.int(Number(value ?? 0)); out.tag(number, 0); break;
    case 'bool': out.varint(value === true ? 1 : 0); out.tag(number, 0); break;
    case 'float64': out.double(Number(value ?? 0)); out.tag(number, 1); break;
    case 'bytes':
      if (value === undefined || value === null) break;
      out.bytes(Buffer.from(String(value), 'base64'));
      out.tag(number, 2);
  }
}
