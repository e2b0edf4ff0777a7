import { equal, put, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { asList, asMap, fieldSchema, isEmptyList, isEmptyMap, itemElement, structureOf } from './structure.ts';

/**
 * The live value with an applied one laid over it. Items of associative lists keep the live order and take up the
 * applied order where both name them. The live value itself comes back where nothing changes.
 */
export function mergeApplied(live: JsonValue, applied: JsonValue, schema: SchemaNode | undefined): JsonValue {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  const structure = structureOf(schema, applied ?? live);
  if (structure === 'map' && !(isEmptyMap(live) && isEmptyMap(applied))) return mergeMaps(live, applied, schema);
  if (structure === 'list' && !(isEmptyList(live) && isEmptyList(applied))) return mergeItems(live, applied, schema);
  return equal(live, applied) ? live : applied;
}

function mergeMaps(live: JsonValue, applied: JsonValue, schema: SchemaNode | undefined): JsonValue {
  const before = asMap(live);
  const change = asMap(applied);
  let result: Record<string, JsonValue> | undefined;
  for (const field of Object.keys(change)) {
    const inner = Object.hasOwn(before, field) ? before[field] : undefined;
    const merged = mergeApplied(inner, change[field], fieldSchema(schema, field));
    if (merged === inner) continue;
    result ??= { ...before };
    put(result, field, merged);
  }
  return result ?? live;
}

function mergeItems(live: JsonValue, applied: JsonValue, schema: SchemaNode | undefined): JsonValue {
  const before = asList(live).map((item) => ({ element: itemElement(schema, item), item }));
  const change = asList(applied).map((item) => ({ element: itemElement(schema, item), item }));
  const liveItems = new Map(before.map(({ element, item }) => [element, item]));
  const appliedItems = new Map(change.map(({ element, item }) => [element, item]));
  const shared = change.filter(({ element }) => liveItems.has(element)).map(({ element }) => element);
  let nextShared = 0;
  const done = new Set<string>();
  const result: JsonValue[] = [];
  const take = (element: string): void => {
    result.push(mergeApplied(liveItems.get(element), appliedItems.get(element), schema?.items));
    done.add(element);
    if (shared[nextShared] === element) nextShared += 1;
  };
  let l = 0;
  let r = 0;
  while (l < before.length || r < change.length) {
    const left = before[l];
    const right = change[r];
    if (left && right && left.element === right.element) { take(left.element); l += 1; r += 1; continue; }
    if (left && right && appliedItems.has(left.element) && shared[nextShared] !== undefined && shared[nextShared] !== left.element) { l += 1; continue; }
    if (left && !appliedItems.has(left.element)) { result.push(left.item); l += 1; continue; }
    if (left && done.has(left.element)) l += 1;
    if (right) { take(right.element); r += 1; }
  }
  const same = result.length === before.length && result.every((item, i) => item === before[i]?.item);
  return same ? live : result;
}
