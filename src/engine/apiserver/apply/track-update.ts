import { equal, isObject, type JsonObject } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { difference, isEmpty, sameSet, union } from './field-set.ts';
import { decodeManagedFields, encodeManagedFields, identityOf, isReset, managedFieldsOf, withManagedFields, withoutManagedFields, type FieldManager, type FieldManagers } from './managed-fields.ts';
import { capUpdaters } from './updater-cap.ts';
import { changeOwners, ownable, reconcileManagers, replaced, type Convert, type ResetFields } from './ownership.ts';
import { zeroObject } from './zero-object.ts';

export interface UpdateRequest {
  /** The stored object; undefined on create. */
  readonly before: JsonObject | undefined;
  /** The object as sent or patched, with defaults, before admission and before what the server itself sets. */
  readonly after: JsonObject;
  readonly manager: string;
  /** Of the request's URL, such as `apps/v1`. */
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly schema: SchemaNode | undefined;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  readonly convert?: Convert;
  readonly resetFields?: ResetFields;
}

/**
 * `after` with the managedFields of a create, update or (non-apply) patch: the manager owns what it added or changed,
 * and nobody owns what it removed. An object that nobody tracks (reset, or older than tracking) stays so.
 * Where nothing changes, the entries stay as they were, times included.
 */
export function trackUpdate(request: UpdateRequest): JsonObject {
  const { before, after, subresource } = request;
  const stored = before ? managedFieldsOf(before) : undefined;
  const sent = managedFieldsOf(after);
  if (subresource === undefined && isReset(sent)) {
    return before ? withoutManagedFields(after) : tracked(request, new Map());
  }
  // Mostly what was stored comes back, or all of it but a time, and that is decoded already.
  const named = subresource === undefined ? decodeManagedFields(equal(sent, stored) ? stored : sent, stored) : new Map<string, FieldManager>();
  const managers = named.size > 0 ? named : decodeManagedFields(stored);
  if (before && managers.size === 0 && isObject(before.metadata) && before.metadata.uid) return withoutManagedFields(after);
  return tracked(request, managers);
}

function tracked(request: UpdateRequest, managers: FieldManagers): JsonObject {
  const before = request.before ? withoutManagedFields(request.before) : zeroObject(request.schema);
  const after = withoutManagedFields(request.after);
  const next = updatedManagers({ ...request, before, after }, managers);
  const stored = request.before ? managedFieldsOf(request.before) : undefined;
  if (stored !== undefined && sameOwners(next, decodeManagedFields(stored)) && sameContent(before, after)) {
    return withManagedFields(after, stored);
  }
  return withManagedFields(after, encodeManagedFields(next));
}

/** The managers after a change by `request.manager`. The objects come without managedFields. */
export function updatedManagers(request: UpdateRequest & { readonly before: JsonObject }, current: FieldManagers): FieldManagers {
  const self: Omit<FieldManager, 'fields'> = {
    manager: request.manager === '' ? 'unknown' : request.manager, operation: 'Update', apiVersion: request.apiVersion,
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
  const identity = identityOf(self);
  const managers = reconcileManagers(current, request);
  const own = managers.get(identity);
  const { managers: kept, comparison } = changeOwners(request, managers, identity);
  const taken = ownable(union(comparison.added, comparison.modified));
  const previous = own ? difference(own.fields, comparison.removed) : undefined;
  if (isEmpty(taken)) return previous && own ? replaced(kept, { ...own, fields: previous }) : kept;
  return capUpdaters(replaced(kept, { ...self, fields: previous ? union(previous, taken) : taken, time: request.now }));
}

function sameOwners(a: FieldManagers, b: FieldManagers): boolean {
  if (a.size !== b.size) return false;
  for (const [identity, manager] of a) {
    const other = b.get(identity);
    if (!other || manager.apiVersion !== other.apiVersion || !sameSet(manager.fields, other.fields)) return false;
  }
  return true;
}

/** Equal but for what the server sets itself. */
export function sameContent(a: JsonObject, b: JsonObject): boolean {
  if (a === b) return true;
  const bare = (o: JsonObject): JsonObject => {
    if (!isObject(o.metadata)) return o;
    const { resourceVersion: _r, generation: _g, selfLink: _s, ...metadata } = o.metadata;
    return { ...o, metadata };
  };
  return equal(bare(a), bare(b));
}
