import { isObject, own, put, type JsonObject, type JsonValue } from './json.ts';
import { PatchError } from './patch-error.ts';

/**
 * JSON merge patch (RFC 7386). Neither argument is changed; parts that the patch leaves alone are shared with `object`,
 * and `object` itself comes back where nothing changes.
 * @throws {PatchError} 400 when the patch is not an object
 */
export function mergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (!isObject(patch)) throw new PatchError(400, `A merge patch is a JSON object, not ${patch === null ? 'null' : Array.isArray(patch) ? 'an array' : `a ${typeof patch}`}`);
  return merged(object, patch);
}

function merged(target: JsonObject, patch: JsonObject): JsonObject {
  let result: Record<string, JsonValue> | undefined;
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const before = own(target, key);
    if (value === null) {
      if (before === undefined) continue;
      result ??= { ...target };
      delete result[key];
      continue;
    }
    const after = isObject(value) ? merged(isObject(before) ? before : {}, value) : value;
    if (after === before && before !== undefined) continue;
    result ??= { ...target };
    put(result, key, after);
  }
  return result ?? target;
}
