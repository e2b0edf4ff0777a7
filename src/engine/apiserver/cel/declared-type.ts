import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';

/** What a schema says of a value, as far as expressions need it. Sizes are the most that a request can hold. */
export type DeclaredType =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, DeclaredType>; readonly minBytes: number }
  | { readonly kind: 'list'; readonly item: DeclaredType; readonly max: number; readonly minBytes: number }
  | { readonly kind: 'map'; readonly value: DeclaredType; readonly max: number; readonly minBytes: number }
  | { readonly kind: 'string' | 'bytes' | 'timestamp' | 'duration' | 'int' | 'double' | 'bool' | 'dyn'; readonly max: number; readonly minBytes: number };

/** Variables of declared type; `optional`: the value may be absent. */
export type Variables = Readonly<Record<string, DeclaredType | { readonly optional: DeclaredType }>>;

/** As kube-apiserver takes them. */
const REQUEST_BYTES = 3 * 1024 * 1024;
const DATE_BYTES = 12, DATE_TIME_BYTES = 22, DURATION_BYTES = 32;

const scalar = (kind: 'string' | 'bytes' | 'timestamp' | 'duration' | 'int' | 'double' | 'bool' | 'dyn', minBytes: number, max = 1): DeclaredType => ({ kind, max, minBytes });
const text = scalar('string', 2, REQUEST_BYTES - 2);
const metadata: DeclaredType = { kind: 'object', fields: new Map([['name', text], ['generateName', text]]), minBytes: 2 };

/** How many of the smallest values of a type one request can hold. */
export const mostInRequest = (type: DeclaredType): number => Math.floor(REQUEST_BYTES / (type.minBytes + 1));

/** The type of a schema's values; undefined where the schema says nothing that expressions may rely on (unknown fields).
 *  @param isObject a whole object: apiVersion, kind and the metadata's name are there whatever the schema says */
export function declaredType(schema: JSONSchemaProps, isObject = schema['x-kubernetes-embedded-resource'] === true): DeclaredType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return scalar('dyn', 1, REQUEST_BYTES - 2);
  switch (schema.type) {
    case 'string': return declaredText(schema);
    case 'integer': return scalar('int', 1);
    case 'number': return scalar('double', 1);
    case 'boolean': return scalar('bool', 4);
    case 'array': {
      const item = schema.items === undefined ? undefined : declaredType(schema.items as JSONSchemaProps);
      return item && { kind: 'list', item, max: schema.maxItems ?? Math.floor((REQUEST_BYTES - 2) / (item.minBytes + 1)), minBytes: 2 };
    }
    case 'object': return declaredObject(schema, isObject);
    default: return undefined;
  }
}

function declaredText({ format, maxLength, enum: values }: JSONSchemaProps): DeclaredType {
  if (format === 'byte') return scalar('bytes', 2, maxLength ?? REQUEST_BYTES - 2);
  if (format === 'duration') return scalar('duration', 2, DURATION_BYTES);
  if (format === 'date') return scalar('timestamp', DATE_BYTES, DATE_BYTES);
  if (format === 'date-time') return scalar('timestamp', DATE_TIME_BYTES, DATE_TIME_BYTES);
  // maxLength counts characters, of up to four bytes.
  const max = maxLength !== undefined ? maxLength * 4 : values !== undefined ? Math.max(0, ...values.map((v) => (typeof v === 'string' ? Buffer.byteLength(v) : 0))) : REQUEST_BYTES - 2;
  return scalar('string', 2, max);
}

function declaredObject(schema: JSONSchemaProps, isObject: boolean): DeclaredType | undefined {
  const rest = schema.additionalProperties as JSONSchemaProps | boolean | undefined;
  if (typeof rest === 'object') {
    const value = declaredType(rest);
    return value && { kind: 'map', value, max: schema.maxProperties ?? Math.floor((REQUEST_BYTES - 2) / (value.minBytes + 6)), minBytes: 2 };
  }
  const fields = new Map<string, DeclaredType>();
  let minBytes = 2;
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, JSONSchemaProps>)) {
    const escaped = escapeName(name);
    const type = declaredType(property);
    if (escaped === undefined || type === undefined) continue;
    fields.set(escaped, type);
    // Newer versions of CEL read the name of a keyword in this place as it is.
    if (name === 'namespace') fields.set(name, type);
    if (schema.required?.includes(name) === true && property.default === undefined) minBytes += name.length + 4 + type.minBytes;
  }
  if (isObject) for (const [name, type] of [['apiVersion', text], ['kind', text], ['metadata', metadata]] as const) fields.set(name, type);
  return { kind: 'object', fields, minBytes };
}

const RESERVED = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);
const ESCAPES: Readonly<Record<string, string>> = { '__': '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** A field's name as expressions write it; undefined for one that they cannot.
 *  Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-path */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return RESERVED.has(name) ? `__${name}__` : name.replace(/__|[./-]/g, (part) => ESCAPES[part] ?? part);
}
