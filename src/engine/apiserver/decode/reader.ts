import shapes from '../../../kubernetes/data/shapes.json' with { type: 'json' };
import { canonicalQuantity } from './quantity.ts';

/** Reads values in the form that Kubernetes's own types give them: a wrong type throws, an unknown field is noted and
 *  dropped, an optional zero is left out, a field that is always written gets its zero. Objects are changed in place. */
export interface Reader {
  /** `value` is not null. */
  read(value: unknown): unknown;
  /** What stands where nothing or null was given. */
  zero(): unknown;
  /** The zero of an optional field that is no pointer is left out. */
  isZero(value: unknown): boolean;
}

export class WrongType extends Error {
  override readonly name = 'WrongType';
}

type JsonObject = Record<string, unknown>;

/** The walk's state. Reading is synchronous and never nested, so one is enough and nothing is allocated for each value. */
const walk = { path: [] as (string | number)[], depth: 0, keys: 0, unknown: [] as string[] };

export interface Walked {
  readonly value: unknown;
  readonly unknown: string[];
  /** Keys seen in all objects; fewer than the text has when some were doubled. */
  readonly keys: number;
}

/** @throws {WrongType} whose message names the path */
export function walkWith(reader: Reader, value: unknown): Walked {
  walk.depth = 0;
  walk.keys = 0;
  walk.unknown = [];
  const result = reader.read(value);
  return { value: result, unknown: walk.unknown, keys: walk.keys };
}

function here(): string {
  let text = '';
  for (const part of walk.path.slice(0, walk.depth)) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

function wrong(wanted: string, value: unknown): never {
  const got = Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : JSON.stringify(value);
  throw new WrongType(`${here() || 'The body'} must be ${wanted}, not ${got}`);
}

function countAll(value: unknown): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) countAll(item);
    return;
  }
  for (const key in value) {
    walk.keys++;
    countAll((value as JsonObject)[key]);
  }
}

const never = (): boolean => false;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/;
const DURATION = /^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const text: Reader = {
  read: (v) => (typeof v === 'string' ? v : wrong('a string', v)),
  zero: () => '',
  isZero: (v) => v === '',
};

const bool: Reader = {
  read: (v) => (typeof v === 'boolean' ? v : wrong('true or false', v)),
  zero: () => false,
  isZero: (v) => v === false,
};

function integer(limit: number, wanted: string): Reader {
  return {
    read: (v) => (typeof v === 'number' && Number.isInteger(v) && v <= limit && v >= -limit - 1 ? v : wrong(wanted, v)),
    zero: () => 0,
    isZero: (v) => v === 0,
  };
}

const number: Reader = { read: (v) => (typeof v === 'number' ? v : wrong('a number', v)), zero: () => 0, isZero: (v) => v === 0 };

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text of the form {@link TIME} names a time that there is. By its digits: every object has a handful of times, and a Date takes ten times as long. */
function validDate(value: string): boolean {
  const at = (from: number): number => (value.charCodeAt(from) - 0x30) * 10 + value.charCodeAt(from + 1) - 0x30;
  const year = at(0) * 100 + at(2), month = at(5), day = at(8);
  if (day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  if (month === 2 && day === 29 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))) return false;
  return at(11) < 24 && at(14) < 60 && at(17) < 60;
}

const time: Reader = {
  read(v) {
    if (typeof v !== 'string') return wrong('an RFC 3339 time', v);
    if (!TIME.test(v) || !validDate(v)) return wrong('an RFC 3339 time', v);
    return v.length === 20 ? v : `${new Date(v.replace(',', '.')).toISOString().slice(0, 19)}Z`;
  },
  zero: () => null,
  isZero: never,
};

const microTime: Reader = {
  read(v) {
    if (typeof v !== 'string' || !TIME.test(v) || !validDate(v)) return wrong('an RFC 3339 time with microseconds', v);
    const fraction = /[.,](\d+)/.exec(v)?.[1] ?? '';
    if (fraction.length !== 6) return wrong('an RFC 3339 time with six digits of a second', v);
    return `${new Date(v.replace(/[.,]\d+/, '')).toISOString().slice(0, 19)}.${fraction}Z`;
  },
  zero: () => null,
  isZero: never,
};

const quantity: Reader = {
  read(v) {
    if (typeof v !== 'string' && typeof v !== 'number') return wrong('a quantity such as 100m or 64Mi', v);
    const result = v === '' ? undefined : canonicalQuantity(String(v).trim());
    return result ?? wrong('a quantity such as 100m or 64Mi', v);
  },
  zero: () => '0',
  isZero: never,
};

const intOrString: Reader = {
  read: (v) => (typeof v === 'string' || (typeof v === 'number' && Number.isInteger(v) && Math.abs(v) <= 2147483648) ? v : wrong('an integer or a string', v)),
  zero: () => 0,
  isZero: never,
};

/** Bits of the last character that belong to no byte are zero in what is given back. */
function withoutSpareBits(base64: string): string {
  return base64.endsWith('=') ? base64.slice(0, -4) + Buffer.from(base64.slice(-4), 'base64').toString('base64') : base64;
}

const bytes: Reader = {
  read(v) {
    if (typeof v !== 'string') return wrong('a base64 string', v);
    if (v.length % 4 === 0 && BASE64.test(v)) return withoutSpareBits(v);
    const compact = v.replace(/[\r\n]/g, '');
    return BASE64.test(compact) ? withoutSpareBits(compact) : wrong('a base64 string', v);
  },
  zero: () => null,
  isZero: (v) => v === null || v === '',
};

const duration: Reader = {
  read: (v) => (typeof v === 'string' && DURATION.test(v) ? v : wrong('a duration such as 10s', v)),
  zero: () => '0s',
  isZero: never,
};

const raw: Reader = {
  read(v) {
    countAll(v);
    return v;
  },
  zero: () => null,
  isZero: never,
};

function list(item: Reader): Reader {
  return {
    read(v) {
      if (!Array.isArray(v)) return wrong('an array', v);
      const depth = walk.depth++;
      for (let i = 0; i < v.length; i++) {
        walk.path[depth] = i;
        const value: unknown = v[i];
        const result = value === null ? item.zero() : item.read(value);
        if (result !== value) v[i] = result;
      }
      walk.depth = depth;
      return v;
    },
    zero: () => null,
    isZero: (v) => v === null || (v as unknown[]).length === 0,
  };
}

function map(item: Reader): Reader {
  return {
    read(v) {
      if (v === null || typeof v !== 'object' || Array.isArray(v)) return wrong('an object', v);
      const object = v as JsonObject;
      const depth = walk.depth++;
      for (const key in object) {
        walk.keys++;
        walk.path[depth] = key;
        const value = object[key];
        const result = value === null ? (item === bytes ? '' : item.zero()) : item.read(value);
        if (result !== value) object[key] = result;
      }
      walk.depth = depth;
      return v;
    },
    zero: () => null,
    isZero(v) {
      for (const key in v as JsonObject) return key === undefined;
      return true;
    },
  };
}

function pointer(target: Reader): Reader {
  return { read: (v) => target.read(v), zero: () => null, isZero: (v) => v === null };
}

interface Field {
  readonly reader: Reader;
  readonly omitZero: boolean;
  readonly keepsEmpty: boolean;
}

/** Lists that may be left out, but mean something else when they are there and empty. */
const KEEPS_EMPTY = new Set(['autoscaling.v2.HPAScalingRules.policies']);

function struct(name: string): Reader {
  const fields = new Map<string, Field>();
  const always: { key: string; reader: Reader }[] = [];
  let compiled = false;
  const compile = (): void => {
    compiled = true;
    const shape = (shapes as Record<string, Record<string, string>>)[name];
    if (shape === undefined) throw new Error(`No shape is recorded for ${name}`);
    for (const [key, described] of Object.entries(shape)) {
      const leavesOut = described.includes('?');
      const reader = readerOf(described.replace(/[?0]+$/, ''));
      const keepsEmpty = KEEPS_EMPTY.has(`${name}.${key}`);
      const neverZero = reader.isZero === never;
      fields.set(key, { reader, omitZero: leavesOut && !neverZero && !keepsEmpty, keepsEmpty });
      if ((!leavesOut || neverZero) && !described.endsWith('?0')) always.push({ key, reader });
    }
  };
  const read = (v: unknown): unknown => {
    if (v === null || typeof v !== 'object' || Array.isArray(v)) return wrong('an object', v);
    if (!compiled) compile();
    const object = v as JsonObject;
    const depth = walk.depth++;
    for (const key in object) {
      walk.keys++;
      walk.path[depth] = key;
      const field = fields.get(key);
      const value = object[key];
      if (field === undefined) {
        walk.unknown.push(here());
        countAll(value);
        delete object[key];
        continue;
      }
      if (value === null) {
        delete object[key];
        continue;
      }
      const result = field.reader.read(value);
      if (field.omitZero && field.reader.isZero(result)) delete object[key];
      // Kubernetes stores protobuf, which knows no difference between an empty list and none.
      else if (Array.isArray(result) && result.length === 0 && field.reader.zero() === null && !field.keepsEmpty) object[key] = null;
      else if (result !== value) object[key] = result;
    }
    walk.depth = depth;
    for (const { key, reader } of always) if (object[key] === undefined) object[key] = reader.zero();
    return object;
  };
  return { read, zero: () => read({}), isZero: never };
}

/** In a CustomResourceDefinition, what may be a schema or another form. @param wanted how a refusal names both; without, anything else says nothing */
function schemaOr(accept: (v: unknown) => boolean, wanted?: string): Reader {
  return {
    read(v) {
      if (accept(v)) return readEach(v);
      if (typeof v !== 'object' || Array.isArray(v)) return wanted === undefined ? null : wrong(wanted, v);
      // Below these, Kubernetes drops what it does not know without a word.
      const known = walk.unknown.length;
      const result = readerOf('#apiextensions.v1.JSONSchemaProps').read(v);
      walk.unknown.length = known;
      return result;
    },
    zero: () => null,
    isZero: never,
  };
}

function readEach(v: unknown): unknown {
  if (!Array.isArray(v)) return v;
  return v.map((item: unknown) => (typeof item === 'string' ? item : readerOf('#apiextensions.v1.JSONSchemaProps').read(item ?? {})));
}

const readers = new Map<string, Reader>([
  ['string', text], ['bool', bool], ['int32', integer(2147483647, 'a 32-bit integer')], ['int64', integer(Number.MAX_SAFE_INTEGER * 1024, 'an integer')],
  ['float64', number], ['time', time], ['microTime', microTime], ['quantity', quantity], ['intOrString', intOrString], ['bytes', bytes],
  ['duration', duration], ['raw', raw], ['json', raw],
  ['schemaOrBool', schemaOr((v) => typeof v === 'boolean', 'a schema, true or false')],
  ['schemaOrArray', schemaOr((v) => Array.isArray(v))],
  ['schemaOrStrings', schemaOr((v) => Array.isArray(v) && v.every((s) => typeof s === 'string'))],
]);

/** `described` is an entry of shapes.json without its `?` and `0`: `*int32`, `[]string`, `{}quantity`, `#core.v1.PodSpec`. */
export function readerOf(described: string): Reader {
  const known = readers.get(described);
  if (known !== undefined) return known;
  const reader = described.startsWith('*') ? pointer(readerOf(described.slice(1)))
    : described.startsWith('[]') ? list(readerOf(described.slice(2)))
    : described.startsWith('{}') ? map(readerOf(described.slice(2)))
    : described.startsWith('#') ? struct(described.slice(1))
    : undefined;
  if (reader === undefined) throw new Error(`No reader for ${described}`);
  readers.set(described, reader);
  return reader;
}

/** The shape's name of a kind: `core.v1.Pod`, `rbac.v1.Role`. */
export function shapeName(group: string, version: string, kind: string): string {
  const short = group === '' ? 'core' : group.replace('.apiserver', '').replace('.authorization.k8s.io', '').replace('.k8s.io', '');
  return `${short}.${version}.${kind}`;
}

export function hasShape(name: string): boolean {
  return name in shapes;
}
