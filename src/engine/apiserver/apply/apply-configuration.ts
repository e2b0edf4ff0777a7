import { equal, type JsonObject } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { checkApplied } from './applied-check.ts';
import { conflictOf, type ApplyConflict } from './conflict.ts';
import { difference, emptySet, sameSet } from './field-set.ts';
import { lastAppliedAnnotation, lastAppliedFields, withLastApplied } from './last-applied.ts';
import { decodeManagedFields, encodeManagedFields, identityOf, managedFieldsOf, withManagedFields, withoutManagedFields, type FieldManager, type FieldManagers } from './managed-fields.ts';
import { mergeApplied } from './merge.ts';
import { ownedFields } from './owned-fields.ts';
import { changeOwners, ignore, reconcileManagers, replaced, withoutIdentity, type Convert, type OwnerConflict, type ResetFields } from './ownership.ts';
import { prune } from './prune.ts';
import { updatedManagers } from './track-update.ts';
import { zeroObject } from './zero-object.ts';

export interface ApplyRequest {
  /** The stored object at the request's version; undefined when there is none. */
  readonly live: JsonObject | undefined;
  /** What the client applies: the fields that it has an opinion on. */
  readonly applied: JsonObject;
  readonly manager: string;
  /** Of the request's URL, such as `apps/v1`; the applied configuration must be of the same. */
  readonly apiVersion: string;
  readonly force: boolean;
  readonly schema: SchemaNode | undefined;
  readonly subresource?: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  readonly convert?: Convert;
  readonly resetFields?: ResetFields;
}

/** `object` is the very `live` where nothing changes. Defaults are the caller's to add afterwards. */
export type ApplyResult = { readonly object: JsonObject } | { readonly conflicts: readonly ApplyConflict[] };

/**
 * Server-side apply (KEP-555): lays the applied configuration over the live object, prunes what this manager applied
 * before and leaves out now, and records who owns what.
 * @throws {PatchError} 400 for a configuration of another version or with managedFields, or one that its schema refuses
 */
export function applyConfiguration(request: ApplyRequest): ApplyResult {
  checkApplied(request.applied, request.apiVersion, request.schema);
  const live = request.live ? withoutManagedFields(request.live) : { apiVersion: request.applied.apiVersion, kind: request.applied.kind };
  const managers = request.live ? trackedManagers(request, live) : new Map<string, FieldManager>();
  let outcome = applied(request, live, managers);
  if (outcome.conflicts.length > 0 && !request.force) {
    const refused = request.manager === 'kubectl' ? notFromLastApplied(outcome.conflicts, live, request.schema) : outcome.conflicts;
    if (refused.length > 0) return { conflicts: refused.flatMap(conflictOf) };
    outcome = applied({ ...request, force: true }, live, managers);
  }
  const { object } = outcome;
  if (request.live && equal(object, live) && sameManagers(outcome.managers, decodeManagedFields(managedFieldsOf(request.live)))) return { object: request.live };
  const annotated = request.manager === 'kubectl' && lastAppliedAnnotation(object) !== undefined ? withLastApplied(object, request.applied) : object;
  return { object: withManagedFields(annotated, encodeManagedFields(outcome.managers)) };
}

interface Outcome { readonly object: JsonObject; readonly managers: FieldManagers; readonly conflicts: readonly OwnerConflict[] }

function applied(request: ApplyRequest, live: JsonObject, current: FieldManagers): Outcome {
  const { schema, apiVersion, convert, resetFields } = request;
  const identity = identityOf({ manager: request.manager, operation: 'Apply', apiVersion, ...(request.subresource === undefined ? {} : { subresource: request.subresource }) });
  const managers = reconcileManagers(current, request);
  const last = managers.get(identity);
  const own: FieldManager = {
    manager: request.manager, operation: 'Apply', apiVersion, time: request.now,
    fields: ignore(ownedFields(request.applied, schema), resetFields),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
  const withOwn = new Map(managers).set(identity, own);
  const merged = mergeApplied(live, request.applied, schema) as JsonObject;
  // An applier that names the same fields as last time gives none up.
  const gaveUpNone = last?.apiVersion === apiVersion && sameSet(last.fields, withoutIdentity(withOwn, identity).get(identity)?.fields ?? emptySet);
  const object = gaveUpNone ? merged : prune({ merged, managers: withOwn, last, apiVersion, schema, ...(convert ? { convert } : {}) });
  const owners = changeOwners({ before: live, after: object, apiVersion, schema, ...(convert ? { convert } : {}), ...(resetFields ? { resetFields } : {}) }, withOwn, identity);
  const next = withoutIdentity(owners.managers, identity);
  const mine = next.get(identity);
  if (!mine || !equal(object, live)) return { object, managers: next, conflicts: owners.conflicts };
  // As in Kubernetes, times tell when values changed: an apply that changes none sets no time.
  const { time: _, ...timeless } = mine;
  return { object, managers: replaced(next, last?.time ? { ...timeless, time: last.time } : timeless), conflicts: owners.conflicts };
}

/** An object that nobody tracks yet belongs, as it is, to a manager of its own. */
function trackedManagers(request: ApplyRequest, live: JsonObject): FieldManagers {
  const managers = decodeManagedFields(managedFieldsOf(request.live ?? {}));
  if (managers.size > 0) return managers;
  const { subresource: _s, convert, resetFields, ...rest } = request;
  return updatedManagers({
    ...rest, before: zeroObject(request.schema), after: live, manager: 'before-first-apply',
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
    ...(convert ? { convert } : {}), ...(resetFields ? { resetFields } : {}),
  }, managers);
}

/** kubectl takes over, unasked, what its own client-side apply set before. */
function notFromLastApplied(conflicts: readonly OwnerConflict[], live: JsonObject, schema: SchemaNode | undefined): readonly OwnerConflict[] {
  const allowed = lastAppliedFields(live, schema);
  if (!allowed) return conflicts;
  return conflicts.map((c) => ({ ...c, fields: difference(c.fields, allowed) })).filter((c) => c.fields.member || c.fields.children.size > 0);
}

function sameManagers(a: FieldManagers, b: FieldManagers): boolean {
  if (a.size !== b.size) return false;
  for (const [identity, m] of a) {
    const other = b.get(identity);
    if (!other || other.apiVersion !== m.apiVersion || other.time !== m.time || !sameSet(other.fields, m.fields)) return false;
  }
  return true;
}

