import protobuf from 'protobufjs';
import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';

type Writer = protobuf.Writer;
type Write = (w: Writer, value: JsonValue) => void;
/** Field number and writer of each known field of a message. */
type Message = Readonly<Record<string, readonly [number, Write]>>;

const { Writer } = protobuf;
const bytesField = 2;

/** An OpenAPI v2 document in the protobuf form of gnostic's `openapi.v2.Document`. */
export function encodeDocumentV2(document: JsonObject): Buffer {
  const w = Writer.create();
  fields(w, document, documentMessage);
  return Buffer.from(w.finish());
}

function fields(w: Writer, value: JsonValue, message: Message, extensions?: number): void {
  if (!isObject(value)) return;
  for (const [name, [number, write]] of Object.entries(message)) {
    if (value[name] === undefined || value[name] === null) continue;
    each(w, number, write, value[name]);
  }
  if (extensions === undefined) return;
  for (const name of Object.keys(value)) if (name.startsWith('x-')) nested(w, extensions, (inner) => namedAny(inner, name, value[name]));
}

const plain = new Map<Write, number>();
const scalar = (wireType: number, write: Write): Write => { plain.set(write, wireType); return write; };
const string = scalar(bytesField, (w, v) => { w.string(String(v)); });
const bool = scalar(0, (w, v) => { w.bool(v === true); });
const int64 = scalar(0, (w, v) => { w.int64(Number(v)); });
const double = scalar(1, (w, v) => { w.double(Number(v)); });

function each(w: Writer, number: number, write: Write, value: JsonValue): void {
  const wireType = plain.get(write);
  if (wireType === undefined) { nested(w, number, (inner) => write(inner, value)); return; }
  for (const item of isList(value) ? value : [value]) { w.uint32(number << 3 | wireType); write(w, item); }
}

function nested(w: Writer, number: number, write: (w: Writer) => void): void {
  w.uint32(number << 3 | bytesField).fork();
  write(w);
  w.ldelim();
}

function namedAny(w: Writer, name: string, value: JsonValue): void {
  w.uint32(10).string(name);
  nested(w, 2, (inner) => any(inner, value));
}

/** JSON is YAML. */
const any: Write = (w, value) => { w.uint32(18).string(`${JSON.stringify(value)}\n`); };

/** A map as repeated pairs of name (1) and value (2). */
const pairs = (number: number, write: Write): Write => (w, value) => {
  for (const [name, inner] of Object.entries(isObject(value) ? value : {})) {
    if (inner === undefined || name.startsWith('x-')) continue;
    nested(w, number, (pair) => { pair.uint32(10).string(name); nested(pair, 2, (v) => write(v, inner)); });
  }
};

const schema: Write = (w, value) => {
  fields(w, value, schemaMessage, 31);
  if (!isObject(value)) return;
  for (const item of isList(value.enum) ? value.enum : []) nested(w, 20, (inner) => any(inner, item));
  for (const item of isList(value.allOf) ? value.allOf : []) nested(w, 24, (inner) => schema(inner, item));
};

const schemaMessage: Message = {
  $ref: [1, string], format: [2, string], title: [3, string], description: [4, string], default: [5, any], multipleOf: [6, double],
  maximum: [7, double], minimum: [9, double], maxLength: [11, int64], minLength: [12, int64], pattern: [13, string],
  maxItems: [14, int64], minItems: [15, int64], uniqueItems: [16, bool], maxProperties: [17, int64], minProperties: [18, int64],
  required: [19, string],
  additionalProperties: [21, (w, v) => { if (isObject(v)) nested(w, 1, (inner) => schema(inner, v)); else w.uint32(16).bool(v === true); }],
  type: [22, (w, v) => { for (const type of isList(v) ? v : [v]) w.uint32(10).string(String(type)); }],
  items: [23, (w, v) => { nested(w, 1, (inner) => schema(inner, v)); }],
  properties: [25, pairs(1, schema)],
};

const queryParameter: Message = { required: [1, bool], in: [2, string], description: [3, string], name: [4, string], type: [6, string], uniqueItems: [20, bool] };
const pathParameter: Message = { required: [1, bool], in: [2, string], description: [3, string], name: [4, string], type: [5, string], uniqueItems: [19, bool] };
const bodyParameter: Message = { description: [1, string], name: [2, string], in: [3, string], required: [4, bool], schema: [5, schema] };

const parameter: Write = (w, value) => {
  if (!isObject(value)) return;
  nested(w, 1, (p) => {
    if (value.in === 'body') nested(p, 1, (inner) => fields(inner, value, bodyParameter));
    else nested(p, 2, (other) => nested(other, value.in === 'path' ? 4 : 3, (inner) => fields(inner, value, value.in === 'path' ? pathParameter : queryParameter)));
  });
};

const response: Write = (w, value) => {
  nested(w, 1, (inner) => fields(inner, value, { description: [1, string], schema: [2, (s, v) => { nested(s, 1, (item) => schema(item, v)); }] }));
};

function withParameters(number: number, message: Message, extensions: number): Write {
  return (w, value) => {
    fields(w, value, message, extensions);
    if (isObject(value) && isList(value.parameters)) for (const item of value.parameters) nested(w, number, (inner) => parameter(inner, item));
  };
}

const operation = withParameters(8, {
  tags: [1, string], description: [3, string], operationId: [5, string], produces: [6, string], consumes: [7, string],
  responses: [9, pairs(1, response)], schemes: [10, string],
}, 13);

const pathItem = withParameters(9, { get: [2, operation], put: [3, operation], post: [4, operation], delete: [5, operation], patch: [8, operation] }, 10);

const documentMessage: Message = {
  swagger: [1, string],
  info: [2, (w, v) => { fields(w, v, { title: [1, string], version: [2, string], description: [3, string] }); }],
  paths: [8, pairs(2, pathItem)],
  definitions: [9, pairs(1, schema)],
};
