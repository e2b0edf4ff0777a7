import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';

/** How a value is owned: as a whole (`leaf`), field by field (`map`) or item by item (`list`). */
export type Structure = 'leaf' | 'map' | 'list';

/** Where the schema does not say, objects are owned by field and lists as a whole. */
export function structureOf(schema: SchemaNode | undefined, value: JsonValue): Structure {
  if (!schema || schema.type === 'any') return isObject(value) && !schema?.intOrString && schema?.mapType !== 'atomic' ? 'map' : 'leaf';
  if (schema.type === 'object') return schema.mapType === 'atomic' || (value !== null && value !== undefined && !isObject(value)) ? 'leaf' : 'map';
  if (schema.type === 'array') return (schema.listType === 'map' || schema.listType === 'set') && (value === null || value === undefined || isList(value)) ? 'list' : 'leaf';
  return 'leaf';
}

export function fieldSchema(schema: SchemaNode | undefined, field: string): SchemaNode | undefined {
  return schema?.properties?.get(field) ?? schema?.additionalProperties;
}

/** A field that the schema names, as opposed to a key of a map. */
export function isDeclared(schema: SchemaNode | undefined, field: string): boolean {
  return schema?.properties?.has(field) === true;
}

const elements = new Map<string, string>();
const elementLimit = 10_000;

/** The path element of a field. The same string each time: a new one has to be hashed for every map and object that it becomes a key of. */
export function fieldElement(field: string): string {
  let element = elements.get(field);
  if (element === undefined) {
    element = `f:${field}`;
    if (elements.size < elementLimit) elements.set(field, element);
  }
  return element;
}

/** An applied configuration that does not fit its kind's schema. */
export class StructureError extends Error {
  override readonly name = 'StructureError';
}

/** The path element of a list item: `k:{…}` by the list's keys or `v:…` by value. */
export function itemElement(schema: SchemaNode | undefined, item: JsonValue): string {
  if (schema?.listType !== 'map') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) throw new StructureError(`An item of a list keyed by ${schema.listMapKeys.join(', ')} is an object, not ${JSON.stringify(item)}`);
  const keys: Record<string, JsonValue> = {};
  for (const key of [...schema.listMapKeys].sort()) {
    const value = item[key] ?? keyDefault(schema.items, key);
    if (value !== undefined) keys[key] = value;
  }
  if (Object.keys(keys).length === 0) throw new StructureError(`An item of this list needs its key ${schema.listMapKeys.join(', ')}`);
  return `k:${JSON.stringify(keys)}`;
}

/** A key that is left out: its default, or empty where it is required (validation then says so). */
function keyDefault(item: SchemaNode | undefined, key: string): JsonValue {
  const field = item?.properties?.get(key);
  if (field?.default !== undefined) return field.default as JsonValue;
  return item?.definition !== undefined && item.required.includes(key) && field?.type === 'string' ? '' : undefined;
}

/** Items by path element, in order. An element found twice is null: such items are treated together. */
export function itemsByElement(schema: SchemaNode | undefined, list: readonly JsonValue[]): ReadonlyMap<string, JsonValue> {
  const result = new Map<string, JsonValue>();
  for (const item of list) {
    const element = itemElement(schema, item);
    result.set(element, result.has(element) ? null : item);
  }
  return result;
}

export const isEmptyMap = (value: JsonValue): boolean => value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);
export const isEmptyList = (value: JsonValue): boolean => value === undefined || value === null || (isList(value) && value.length === 0);
export const asMap = (value: JsonValue): JsonObject => (isObject(value) ? value : {});
export const asList = (value: JsonValue): readonly JsonValue[] => (isList(value) ? value : []);
