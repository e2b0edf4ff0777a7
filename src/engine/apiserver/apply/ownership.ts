import type { JsonObject } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { compare, type Comparison } from './comparison.ts';
import { difference, emptySet, fieldSet, intersection, isEmpty, union, without, type FieldSet } from './field-set.ts';
import { identityOf, type FieldManager, type FieldManagers } from './managed-fields.ts';
import { reconciled } from './owned-fields.ts';

/** An object as another version of its kind serves it; undefined where that version is served no more. */
export type Convert = (object: JsonObject, apiVersion: string) => { readonly object: JsonObject; readonly schema: SchemaNode | undefined } | undefined;

/** Fields that this endpoint leaves to another one: with `only`, all but these. Paths of field names. */
export interface ResetFields { readonly paths: readonly (readonly string[])[]; readonly only?: boolean }

export interface Change {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly apiVersion: string;
  readonly schema: SchemaNode | undefined;
  readonly convert?: Convert;
  readonly resetFields?: ResetFields;
}

/** Fields that another manager owns and that the change gives another value. */
export interface OwnerConflict { readonly owner: FieldManager; readonly fields: FieldSet }

export interface OwnershipChange { readonly managers: FieldManagers; readonly conflicts: readonly OwnerConflict[]; readonly comparison: Comparison }

/**
 * Who owns what after a change by one manager (its own entry is left to the caller): others lose what was removed and
 * what was given another value. Those last are also told as conflicts.
 */
export function changeOwners(change: Change, managers: FieldManagers, actor: string): OwnershipChange {
  const comparisons = new Map<string, Comparison | undefined>();
  const at = (apiVersion: string): Comparison | undefined => {
    if (!comparisons.has(apiVersion)) comparisons.set(apiVersion, compareAt(change, apiVersion));
    return comparisons.get(apiVersion);
  };
  const comparison = at(change.apiVersion) ?? { added: emptySet, modified: emptySet, removed: emptySet };
  const result = new Map<string, FieldManager>();
  const conflicts: OwnerConflict[] = [];
  for (const [identity, owner] of managers) {
    if (identity === actor) { result.set(identity, owner); continue; }
    const seen = at(owner.apiVersion);
    if (!seen) continue;
    const contested = intersection(owner.fields, union(seen.modified, seen.added));
    if (!isEmpty(contested)) conflicts.push({ owner, fields: contested });
    const fields = difference(difference(owner.fields, contested), seen.removed);
    if (!isEmpty(fields)) result.set(identity, fields === owner.fields ? owner : { ...owner, fields });
  }
  return { managers: result, conflicts, comparison };
}

function compareAt(change: Change, apiVersion: string): Comparison | undefined {
  const { before, after } = change;
  if (apiVersion === change.apiVersion) return tracked(compare(before, after, change.schema), change.resetFields);
  const was = change.convert?.(before, apiVersion);
  const is = change.convert?.(after, apiVersion);
  if (!was || !is) return undefined;
  return tracked(compare(was.object, is.object, is.schema), change.resetFields);
}

function tracked(comparison: Comparison, reset: ResetFields | undefined): Comparison {
  return { added: ignore(comparison.added, reset), modified: ignore(comparison.modified, reset), removed: ignore(comparison.removed, reset) };
}

/** Leaves out what this endpoint resets. */
export function ignore(set: FieldSet, reset: ResetFields | undefined): FieldSet {
  if (!reset || isEmpty(set)) return set;
  const paths = reset.paths.map((path) => path.map((field) => `f:${field}`));
  if (!reset.only) return without(set, paths);
  return paths.reduce((kept, path) => union(kept, below(set, path)), emptySet);
}

function below(set: FieldSet, [element, ...rest]: readonly string[]): FieldSet {
  if (element === undefined) return set;
  const child = set.children.get(element);
  if (!child) return emptySet;
  const inner = below(child, rest);
  return isEmpty(inner) ? emptySet : fieldSet(false, new Map([[element, inner]]));
}

/** Brings sets that were written under an older schema to the one of today. */
export function reconcileManagers(managers: FieldManagers, change: Pick<Change, 'apiVersion' | 'schema'>): FieldManagers {
  let changed: Map<string, FieldManager> | undefined;
  for (const [identity, m] of managers) {
    if (m.apiVersion !== change.apiVersion) continue;
    const fields = reconciled(m.fields, change.schema);
    if (fields === m.fields) continue;
    changed ??= new Map(managers);
    changed.set(identity, { ...m, fields });
  }
  return changed ?? managers;
}

const leaf = fieldSet(true);
/** What every object has and the server keeps; nobody owns it. */
const identityFields = fieldSet(false, new Map([
  ['f:apiVersion', leaf], ['f:kind', leaf],
  ['f:metadata', fieldSet(true, new Map(['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map((f) => [`f:${f}`, leaf])))],
]));

export const ownable = (fields: FieldSet): FieldSet => difference(fields, identityFields);

export function withoutIdentity(managers: FieldManagers, actor: string): FieldManagers {
  const entry = managers.get(actor);
  if (!entry) return managers;
  return replaced(managers, { ...entry, fields: ownable(entry.fields) });
}

/** With this manager's entry replaced; without it where it owns nothing. */
export function replaced(managers: FieldManagers, entry: FieldManager): FieldManagers {
  const result = new Map(managers);
  if (isEmpty(entry.fields)) result.delete(identityOf(entry));
  else result.set(identityOf(entry), entry);
  return result;
}
