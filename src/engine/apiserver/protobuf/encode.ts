import protobuf from 'protobufjs';
import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import { messageNamed, messageOf, type Field, type Message, type Scalar } from './messages.ts';
import { specialMessages } from './special.ts';
import { nested, type Writer } from './wire.ts';

/**
 * An object or list in Kubernetes's protobuf envelope; undefined for kinds without a protobuf form (custom resources,
 * Tables), which are answered as JSON.
 */
export function encodeObject(object: JsonObject): Buffer | undefined {
  const { apiVersion, kind } = object;
  const message = typeof apiVersion === 'string' && typeof kind === 'string' ? messageOf(apiVersion, kind) : undefined;
  if (!message) return undefined;
  const w = protobuf.Writer.create();
  w.uint32(10).fork().uint32(10).string(String(apiVersion)).uint32(18).string(String(kind)).ldelim();
  nested(w, 2, (inner) => writeMessage(inner, object, message));
  w.uint32(26).string('').uint32(34).string('');
  return Buffer.concat([Buffer.from('k8s\0', 'latin1'), w.finish()]);
}

/** One frame of a watch in protobuf: four bytes of length, then the event with its object in an envelope. */
export function encodeWatchEvent(type: string, object: JsonObject): Buffer | undefined {
  const body = encodeObject(object);
  if (!body) return undefined;
  const event = protobuf.Writer.create();
  event.uint32(10).string(type);
  nested(event, 2, (inner) => inner.uint32(10).bytes(body));
  const bytes = event.finish();
  const frame = Buffer.allocUnsafe(4 + bytes.length);
  frame.writeUInt32BE(bytes.length, 0);
  frame.set(bytes, 4);
  return frame;
}

export function writeMessage(w: Writer, value: JsonObject, message: Message): void {
  for (const field of message.fields) {
    if (field.name === '') { nested(w, field.number, (inner) => writeInline(inner, value, field)); continue; }
    const inner = value[field.name];
    if (inner !== undefined && inner !== null) writeField(w, inner, field);
  }
}

function writeInline(w: Writer, value: JsonObject, field: Field): void {
  if (typeof field.type === 'object') writeMessage(w, value, messageNamed(field.type.message));
}

function writeField(w: Writer, value: JsonValue, field: Field): void {
  if (field.shape === 'map') {
    for (const [key, inner] of Object.entries(isObject(value) ? value : {})) {
      nested(w, field.number, (entry) => { entry.uint32(10).string(key); writeValue(entry, 2, inner ?? '', field.type); });
    }
  } else if (field.shape === 'repeated') {
    for (const item of isList(value) ? value : []) writeValue(w, field.number, item, field.type);
  } else writeValue(w, field.number, value, field.type);
}

function writeValue(w: Writer, number: number, value: JsonValue, type: Field['type']): void {
  if (typeof type === 'string') { writeScalar(w, number, value, type); return; }
  const special = specialMessages.get(type.message);
  nested(w, number, (inner) => {
    if (special) special.write(inner, value, (to, object, name) => writeMessage(to, object, messageNamed(name)));
    else if (isObject(value)) writeMessage(inner, value, messageNamed(type.message));
  });
}

const wireTypes = { string: 2, bytes: 2, int32: 0, int64: 0, bool: 0, float64: 1 } as const satisfies Record<Scalar, number>;

function writeScalar(w: Writer, number: number, value: JsonValue, type: Scalar): void {
  w.uint32((number << 3 | wireTypes[type]) >>> 0);
  switch (type) {
    case 'string': w.string(String(value)); break;
    case 'int32': w.int32(Number(value)); break;
    case 'int64': w.int64(Number(value)); break;
    case 'bool': w.bool(value === true); break;
    case 'float64': w.double(Number(value)); break;
    case 'bytes': w.bytes(Buffer.from(String(value), 'base64')); break;
  }
}
