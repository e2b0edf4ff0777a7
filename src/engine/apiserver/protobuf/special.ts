import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import type { Output } from './output.ts';
import { endOf, readFields, toNumber, type Reader } from './wire.ts';

/** Reads a nested message, named as in the table, up to `end`. */
type ReadNested = (message: string, end: number) => JsonValue;
type WriteNested = (value: JsonObject, message: string) => void;

/** A message whose JSON is not an object of its fields. */
export interface SpecialMessage {
  /** Reads to `end`; undefined where the value is absent. */
  read(r: Reader, end: number, nested: ReadNested): JsonValue;
  /** Writes its fields, the last first; Go's zero where the value is absent. */
  write(out: Output, value: JsonValue, nested: WriteNested): void;
}

const seconds = (value: JsonValue): number => Math.floor(Date.parse(String(value)) / 1000);

function number(out: Output, field: number, value: number): void {
  out.int(value);
  out.tag(field, 0);
}

function text(out: Output, field: number, value: string): void {
  out.string(value);
  out.tag(field, 2);
}

function timestamp(textOf: (seconds: number, nanos: number) => string, nanosOf: (value: JsonValue) => number): SpecialMessage {
  return {
    read(r, end) {
      let s = 0;
      let n = 0;
      let some = false;
      readFields(r, end, (number) => {
        if (number === 1) s = toNumber(r.int64());
        else if (number === 2) n = r.int32();
        else return false;
        some = true;
        return true;
      });
      return some ? textOf(s, n) : undefined;
    },
    write(out, value) {
      const s = seconds(value);
      if (Number.isNaN(s)) return;
      number(out, 2, nanosOf(value));
      number(out, 1, s);
    },
  };
}

const rfc3339 = (s: number): string => new Date(s * 1000).toISOString().slice(0, 19);

/** Raw JSON in field 1. */
const rawJson: SpecialMessage = {
  read(r, end) {
    let value: JsonValue;
    readFields(r, end, (number) => {
      if (number !== 1) return false;
      const raw = r.bytes();
      value = raw.length === 0 ? undefined : JSON.parse(Buffer.from(raw).toString('utf8')) as JsonValue;
      return true;
    });
    return value;
  },
  write(out, value) {
    if (value !== undefined && value !== null) text(out, 1, JSON.stringify(value));
  },
};

const quantity: SpecialMessage = {
  read(r, end) {
    let value = '0';
    readFields(r, end, (number) => { if (number !== 1) return false; value = r.string(); return true; });
    return value;
  },
  write(out, value) { text(out, 1, value === undefined || value === null ? '0' : String(value)); },
};

const intOrString: SpecialMessage = {
  read(r, end) {
    let type = 0;
    let int = 0;
    let text = '';
    readFields(r, end, (number) => {
      if (number === 1) type = toNumber(r.int64());
      else if (number === 2) int = r.int32();
      else if (number === 3) text = r.string();
      else return false;
      return true;
    });
    return type === 1 ? text : int;
  },
  write(out, value) {
    text(out, 3, typeof value === 'string' ? value : '');
    number(out, 2, typeof value === 'number' ? value : 0);
    number(out, 1, typeof value === 'string' ? 1 : 0);
  },
};

/** An authentication extra: a list of strings. */
const strings: SpecialMessage = {
  read(r, end) {
    const items: string[] = [];
    readFields(r, end, (number) => { if (number !== 1) return false; items.push(r.string()); return true; });
    return items;
  },
  write(out, value) { for (const item of isList(value) ? value.toReversed() : []) text(out, 1, String(item)); },
};

const jsonSchema = 'apiextensions.v1.JSONSchemaProps';

const schemaOr = (options: { schema: number; other: number; kind: 'bool' | 'schemas' | 'strings' }): SpecialMessage => ({
  read(r, end, readNested) {
    let schema: JsonValue;
    let allows = false;
    const list: JsonValue[] = [];
    readFields(r, end, (number) => {
      if (number === options.schema) schema = readNested(jsonSchema, endOf(r));
      else if (number !== options.other) return false;
      else if (options.kind === 'bool') allows = r.bool();
      else if (options.kind === 'strings') list.push(r.string());
      else list.push(readNested(jsonSchema, endOf(r)));
      return true;
    });
    return schema ?? (options.kind === 'bool' ? allows : list);
  },
  write(out, value, writeNested) {
    if (options.kind === 'bool') {
      if (isObject(value)) out.nested(options.schema, () => writeNested(value, jsonSchema));
      out.varint(isObject(value) || value === true ? 1 : 0);
      out.tag(options.other, 0);
    } else if (isObject(value)) out.nested(options.schema, () => writeNested(value, jsonSchema));
    else {
      for (const item of isList(value) ? value.toReversed() : []) {
        if (options.kind === 'strings') text(out, options.other, String(item));
        else if (isObject(item)) out.nested(options.other, () => writeNested(item, jsonSchema));
      }
    }
  },
});

export const specialMessages: ReadonlyMap<string, SpecialMessage> = new Map([
  ['meta.v1.Time', timestamp((s) => `${rfc3339(s)}Z`, () => 0)],
  ['meta.v1.MicroTime', timestamp((s, n) => `${rfc3339(s)}.${String(Math.floor(n / 1000)).padStart(6, '0')}Z`, microNanos)],
  ['resource.Quantity', quantity],
  ['util.intstr.IntOrString', intOrString],
  ['runtime.RawExtension', rawJson],
  ['apiextensions.v1.JSON', rawJson],
  ['meta.v1.FieldsV1', rawJson],
  ['authentication.v1.ExtraValue', strings],
  ['authorization.v1.ExtraValue', strings],
  ['certificates.v1.ExtraValue', strings],
  ['apiextensions.v1.JSONSchemaPropsOrArray', schemaOr({ schema: 1, other: 2, kind: 'schemas' })],
  ['apiextensions.v1.JSONSchemaPropsOrBool', schemaOr({ schema: 2, other: 1, kind: 'bool' })],
  ['apiextensions.v1.JSONSchemaPropsOrStringArray', schemaOr({ schema: 1, other: 2, kind: 'strings' })],
]);

function microNanos(value: JsonValue): number {
  const fraction = /\.(\d{1,9})/.exec(String(value))?.[1] ?? '';
  return Number(fraction.padEnd(6, '0').slice(0, 6)) * 1000;
}
