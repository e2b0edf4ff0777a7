import { isObject, type JsonObject } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { difference, emptySet, intersection, isEmpty, union, type FieldSet } from './field-set.ts';
import type { FieldManager, FieldManagers } from './managed-fields.ts';
import { ownedFields, withStructs } from './owned-fields.ts';
import type { Convert } from './ownership.ts';
import { removeFields } from './removal.ts';

export interface PruneRequest {
  readonly merged: JsonObject;
  /** With the applier's new entry. */
  readonly managers: FieldManagers;
  /** What the applier owned before. */
  readonly last: FieldManager | undefined;
  readonly apiVersion: string;
  readonly schema: SchemaNode | undefined;
  readonly convert?: Convert;
}

/**
 * Takes away what the applier set last time, sets no longer, and nobody else owns. Items that others own parts of stay,
 * and so do parts (such as defaults) of an item that stays.
 */
export function prune(request: PruneRequest): JsonObject {
  const { merged, last } = request;
  if (!last || isEmpty(last.fields)) return merged;
  const at = viewAt(request, last.apiVersion, merged);
  if (!at) return merged;
  const lastFields = withStructs(last.fields, at.schema);
  const bare = asObject(removeFields(at.object, lastFields, at.schema), at.object);
  const kept = addBackOwned(request, at, bare, last.apiVersion);
  const mergedFields = fieldsOf(at.object, at.schema);
  const gone = intersection(difference(mergedFields, fieldsOf(kept, at.schema)), lastFields);
  if (isEmpty(gone)) return merged;
  const pruned = asObject(removeFields(at.object, gone, at.schema), at.object);
  if (last.apiVersion === request.apiVersion) return pruned;
  return request.convert?.(pruned, request.apiVersion)?.object ?? merged;
}

interface View { readonly object: JsonObject; readonly schema: SchemaNode | undefined }

function viewAt(request: PruneRequest, apiVersion: string, object: JsonObject): View | undefined {
  if (apiVersion === request.apiVersion) return { object, schema: request.schema };
  return request.convert?.(object, apiVersion);
}

const fieldsOf = (object: JsonObject, schema: SchemaNode | undefined): FieldSet => withStructs(ownedFields(object, schema), schema);

function addBackOwned(request: PruneRequest, view: View, pruned: JsonObject, apiVersion: string): JsonObject {
  const owned = new Map<string, FieldSet>();
  for (const m of request.managers.values()) owned.set(m.apiVersion, union(owned.get(m.apiVersion) ?? emptySet, m.fields));
  let result = keepOwned(view, pruned, owned.get(apiVersion) ?? emptySet);
  for (const [other, fields] of owned) {
    if (other === apiVersion) continue;
    const merged = request.convert?.(view.object, other) ?? (other === request.apiVersion ? { object: request.merged, schema: request.schema } : undefined);
    const remaining = request.convert?.(result, other);
    if (!merged || !remaining) continue;
    result = request.convert?.(keepOwned(merged, remaining.object, fields), apiVersion)?.object ?? result;
  }
  return result;
}

/** The merged object with only what the pruned one has or somebody owns. */
function keepOwned(merged: View, pruned: JsonObject, owned: FieldSet): JsonObject {
  const surplus = difference(fieldsOf(merged.object, merged.schema), union(fieldsOf(pruned, merged.schema), withStructs(owned, merged.schema)));
  return asObject(removeFields(merged.object, surplus, merged.schema), merged.object);
}

/** What identifies an object is never pruned. */
function asObject(value: unknown, whole: JsonObject): JsonObject {
  const result = isObject(value) ? value : {};
  const { apiVersion, kind } = whole;
  if (result.apiVersion === apiVersion && result.kind === kind && isObject(result.metadata)) return result;
  return { apiVersion, kind, ...result, metadata: isObject(result.metadata) ? result.metadata : {} };
}
