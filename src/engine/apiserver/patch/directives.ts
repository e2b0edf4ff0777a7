import { isList, isObject, put, type JsonObject, type JsonValue } from './json.ts';
import { PatchError } from './patch-error.ts';

/** The two directives whose field name follows a slash. */
export type ListDirective = { readonly kind: 'setElementOrder' | 'deleteFromPrimitiveList'; readonly field: string };

export function listDirective(key: string): ListDirective | undefined {
  if (!key.startsWith('$')) return undefined;
  for (const kind of ['setElementOrder', 'deleteFromPrimitiveList'] as const) {
    if (key.startsWith(`$${kind}/`)) return { kind, field: key.slice(kind.length + 2) };
  }
  return undefined;
}

/** The wanted order of each list that the patch orders. */
export function setElementOrder(patch: JsonObject): ReadonlyMap<string, readonly JsonValue[]> {
  const result = new Map<string, readonly JsonValue[]>();
  for (const key of Object.keys(patch)) {
    const directive = listDirective(key);
    if (directive?.kind !== 'setElementOrder') continue;
    const order = patch[key];
    if (!isList(order)) throw new PatchError(400, `${key} is a list`);
    result.set(directive.field, order);
  }
  return result;
}

/** What a patch value becomes where the object has nothing to merge it with: no directives, no nulls. */
export function dropDirectives(value: JsonValue): JsonValue {
  if (isList(value)) {
    return value.filter((item) => !isObject(item) || !Object.hasOwn(item, '$patch')).map(dropDirectives);
  }
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, '$patch')) return {};
  const result: Record<string, JsonValue> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner === null || key === '$patch' || key === '$retainKeys' || listDirective(key)) continue;
    put(result, key, dropDirectives(inner));
  }
  return result;
}
