import type { SchemaNode } from '../schema/schema-node.ts';
import { dropDirectives, listDirective, setElementOrder } from './directives.ts';
import { equal, isList, isObject, own, put, type JsonObject, type JsonValue } from './json.ts';
import { interleave, positionOf } from './list-order.ts';
import { PatchError } from './patch-error.ts';

/**
 * Strategic merge patch: a merge patch whose lists follow the schema's patch strategies and merge keys, with the
 * directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…`. Neither argument is changed.
 * Source: Kubernetes API conventions, 'Strategic Merge Patch'.
 * @throws {PatchError} 400 for a patch whose directives are malformed, 422 where one does not fit the object
 */
export function strategicMergePatch(object: JsonObject, patch: unknown, schema: SchemaNode | undefined): JsonObject {
  if (!isObject(patch)) throw new PatchError(400, 'A strategic merge patch is a JSON object');
  return mergeMap(object, patch, schema);
}

function childSchema(schema: SchemaNode | undefined, key: string): SchemaNode | undefined {
  return schema?.properties?.get(key) ?? schema?.additionalProperties;
}

function mergeMap(original: JsonObject, patch: JsonObject, schema: SchemaNode | undefined): JsonObject {
  if (Object.hasOwn(patch, '$patch')) return wholeMap(patch);
  const result: Record<string, JsonValue> = { ...original };
  if (Object.hasOwn(patch, '$retainKeys')) retainKeys(result, patch);
  const ordered = setElementOrder(patch);
  for (const [field, order] of ordered) orderList(result, patch, field, order, childSchema(schema, field));
  for (const key of Object.keys(patch)) {
    if (key === '$retainKeys' || key === '$patch') continue;
    const directive = listDirective(key);
    if (directive?.kind === 'setElementOrder' || (!directive && ordered.has(key) && isList(own(result, key)))) continue;
    if (directive?.kind === 'deleteFromPrimitiveList') deleteFromList(result, directive.field, patch[key]);
    else mergeField(result, key, patch[key], childSchema(schema, key));
  }
  return result;
}

function mergeField(result: Record<string, JsonValue>, key: string, value: JsonValue, schema: SchemaNode | undefined): void {
  if (value === null) { delete result[key]; return; }
  const before = own(result, key);
  if (isObject(value) && isObject(before)) {
    put(result, key, schema?.patchStrategy.includes('replace') ? dropDirectives(value) : mergeMap(before, value, schema));
  } else if (isList(value) && isList(before)) {
    put(result, key, mergeList(before, value, schema));
  } else {
    put(result, key, dropDirectives(value));
  }
}

function wholeMap(patch: JsonObject): JsonObject {
  const { $patch, ...rest } = patch;
  if ($patch === 'replace') return rest;
  if ($patch === 'delete') return {};
  throw new PatchError(400, `$patch is replace or delete in a map; this one is ${JSON.stringify($patch)}`);
}

function retainKeys(result: Record<string, JsonValue>, patch: JsonObject): void {
  const keys = patch.$retainKeys;
  if (!isList(keys) || !keys.every((k) => typeof k === 'string')) throw new PatchError(400, '$retainKeys is a list of field names');
  const retained = new Set<JsonValue>(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key === '$retainKeys' || listDirective(key)) continue;
    if (!retained.has(key)) throw new PatchError(400, `$retainKeys must list every field that the patch sets; ${key} is missing`);
  }
  for (const key of Object.keys(result)) if (!retained.has(key)) delete result[key];
}

function deleteFromList(result: Record<string, JsonValue>, field: string, values: JsonValue): void {
  if (!isList(values)) throw new PatchError(400, `$deleteFromPrimitiveList/${field} is a list of values`);
  const before = own(result, field);
  if (isList(before)) put(result, field, before.filter((item) => !values.includes(item)));
}

function mergeList(original: readonly JsonValue[], patch: readonly JsonValue[], schema: SchemaNode | undefined): readonly JsonValue[] {
  if (!schema?.patchStrategy.includes('merge')) return patch;
  if (original.length === 0 && patch.length === 0) return original;
  const maps = elementsAreMaps(original, patch);
  if (!maps) return interleave([...new Set([...original, ...patch])], patch, original, undefined);
  const key = schema.patchMergeKey;
  if (key === undefined) throw new PatchError(422, 'A list of objects without a merge key cannot be merged; replace it with a JSON patch');
  return mergeItems(original, patch, key, schema.items);
}

function elementsAreMaps(...lists: (readonly JsonValue[])[]): boolean {
  let maps: boolean | undefined;
  for (const item of lists.flat()) {
    if (isList(item)) throw new PatchError(422, 'A list of lists cannot be merged');
    maps ??= isObject(item);
    if (maps !== isObject(item)) throw new PatchError(422, 'A list to merge holds either objects or plain values, not both');
  }
  return maps ?? false;
}

function mergeItems(original: readonly JsonValue[], patch: readonly JsonValue[], key: string, schema: SchemaNode | undefined): readonly JsonValue[] {
  let items = [...original];
  const plain: JsonObject[] = [];
  let replace = false;
  for (const item of patch as readonly JsonObject[]) {
    if (!Object.hasOwn(item, '$patch')) { plain.push(item); continue; }
    if (item.$patch === 'delete') {
      const value = keyOf(item, key);
      items = items.filter((existing) => !isObject(existing) || !equal(existing[key], value));
    } else if (item.$patch === 'replace') replace = true;
    else throw new PatchError(400, `$patch is delete or replace in a list; this one is ${JSON.stringify(item.$patch)}`);
  }
  if (replace) return plain;
  for (const item of plain) {
    const at = positionOf(items, item, key, keyOf(item, key));
    const existing = items[at];
    if (isObject(existing)) items[at] = mergeMap(existing, item, schema);
    else items.push(dropDirectives(item));
  }
  return interleave(items, plain, original, key);
}

function keyOf(item: JsonObject, key: string): JsonValue {
  if (!Object.hasOwn(item, key)) throw new PatchError(400, `Each item of this list needs its merge key ${key}`);
  return item[key];
}

function orderList(result: Record<string, JsonValue>, patch: JsonObject, field: string, order: readonly JsonValue[], schema: SchemaNode | undefined): void {
  const before = own(result, field);
  const change = own(patch, field);
  if ((before !== undefined && before !== null && !isList(before)) || (change !== undefined && change !== null && !isList(change))) {
    throw new PatchError(400, `$setElementOrder/${field} needs ${field} to be a list`);
  }
  const key = schema?.patchMergeKey;
  if (isList(change)) checkOrder(change, order, key, field);
  if (!isList(before) && !isList(change)) return;
  const list = isList(before) ? (isList(change) ? mergeList(before, change, schema) : before) : dropDirectives(change) as readonly JsonValue[];
  put(result, field, interleave(list, order, isList(before) ? before : [], key));
}

/** The order must name every item that the patch keeps, in the patch's own order. */
function checkOrder(change: readonly JsonValue[], order: readonly JsonValue[], key: string | undefined, field: string): void {
  const kept = change.filter((item) => !isObject(item) || !Object.hasOwn(item, '$patch'));
  const same = (a: JsonValue, b: JsonValue): boolean => (key !== undefined && isObject(a) && isObject(b) ? equal(a[key], b[key]) : equal(a, b));
  let at = 0;
  for (const item of order) if (at < kept.length && same(kept[at], item)) at += 1;
  if (at < kept.length) throw new PatchError(400, `$setElementOrder/${field} must name every item of ${field} in the same order`);
}
