/** A JSON object: what a request body holds after parsing. Values given to patches and applies are never changed. */
export interface JsonObject { readonly [key: string]: JsonValue }
export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | JsonObject;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Same JSON, whatever the order of keys. A key whose value is undefined counts as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && equalLists(a, b);
  if (!isObject(a) || !isObject(b)) return false;
  let size = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    size += 1;
    if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false;
  }
  for (const key in b) if (b[key] !== undefined) size -= 1;
  return size === 0;
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
  return true;
}

/** A copy that shares nothing. Copying by hand takes a third of the time of parsing the same JSON again. */
export function copyOf<T>(value: T): T {
  return (isList(value) ? copyOfList(value) : isObject(value) ? copyOfObject(value) : value) as T;
}

function copyOfList(list: readonly unknown[]): unknown[] {
  const copy = [...list];
  for (let i = 0; i < copy.length; i++) if (typeof copy[i] === 'object') copy[i] = copyOf(copy[i]);
  return copy;
}

function copyOfObject(object: JsonObject): JsonObject {
  const copy: Record<string, JsonValue> = { ...object };
  for (const key in copy) if (typeof copy[key] === 'object') copy[key] = copyOf(copy[key]);
  return copy;
}

/** Sets an own property, also one named `__proto__`. */
export function put(target: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

export function own(target: JsonObject, key: string): JsonValue {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}
