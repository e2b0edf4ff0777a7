import type { ManagedFieldsEntry } from '../../../kubernetes/types.generated.ts';
import { equal, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import { fromFieldsV1, isEmpty, toFieldsV1, union, type FieldSet } from './field-set.ts';

/** Who owns which fields: one manager as one kind of writer. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339 with seconds; absent if unknown. */
  readonly time?: string;
  readonly fields: FieldSet;
}

/** Managers by identity. An applier is one manager whatever version it applies; an updater is one per version. */
export type FieldManagers = ReadonlyMap<string, FieldManager>;

export function identityOf(m: Omit<FieldManager, 'fields' | 'time'>): string {
  return JSON.stringify([m.operation, m.manager, m.operation === 'Update' ? m.apiVersion : '', m.subresource ?? '']);
}

const decoded = new WeakMap<object, FieldManagers>();

/** Entries that cannot be read count as none. @param like entries that were decoded before and have most fields in common: equal ones are shared */
export function decodeManagedFields(entries: JsonValue, like?: JsonValue): FieldManagers {
  if (!Array.isArray(entries)) return new Map();
  const known = decoded.get(entries);
  if (known) return known;
  const twins = Array.isArray(like) ? twinsOf(like) : [];
  const result = new Map<string, FieldManager>();
  for (const [i, entry] of (entries as readonly JsonValue[]).entries()) {
    const manager = managerOf(entry, twins[i]);
    if (!manager) return new Map();
    const identity = identityOf(manager);
    const before = result.get(identity);
    result.set(identity, before ? { ...manager, fields: union(before.fields, manager.fields) } : manager);
  }
  decoded.set(entries, result);
  return result;
}

interface Twin { readonly fieldsV1: JsonValue; readonly fields: FieldSet }

/** What each entry was decoded to; nothing where two entries are of one manager. */
function twinsOf(entries: readonly JsonValue[]): readonly Twin[] {
  const managers = [...decodeManagedFields(entries).values()];
  return managers.length === entries.length ? managers.map(({ fields }, i) => ({ fieldsV1: (entries[i] as JsonObject)['fieldsV1'], fields })) : [];
}

function managerOf(entry: JsonValue, twin: Twin | undefined): FieldManager | undefined {
  if (!isObject(entry)) return undefined;
  const { manager, operation, apiVersion, subresource, time, fieldsType, fieldsV1 } = entry as ManagedFieldsEntry & JsonObject;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || (fieldsType !== undefined && fieldsType !== 'FieldsV1')) return undefined;
  return {
    manager: manager ?? '', operation, apiVersion, fields: twin !== undefined && equal(fieldsV1, twin.fieldsV1) ? twin.fields : fromFieldsV1(fieldsV1),
    ...(subresource ? { subresource } : {}), ...(time ? { time } : {}),
  };
}

/** In Kubernetes's order: appliers first, then by time, name, version and subresource. Empty managers are dropped. */
export function encodeManagedFields(managers: FieldManagers): ManagedFieldsEntry[] {
  const kept = [...managers].filter(([, m]) => !isEmpty(m.fields)).sort(([, a], [, b]) => byAge(a, b));
  const entries = kept.map(([, m]) => ({
    manager: m.manager, operation: m.operation, apiVersion: m.apiVersion, ...(m.time ? { time: m.time } : {}),
    fieldsType: 'FieldsV1', fieldsV1: toFieldsV1(m.fields), ...(m.subresource ? { subresource: m.subresource } : {}),
  } as ManagedFieldsEntry));
  // The next write to the object starts from these.
  decoded.set(entries, new Map(kept));
  return entries;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function byAge(a: FieldManager, b: FieldManager): number {
  return order(a.operation, b.operation) || (Date.parse(a.time ?? '1970-01-01') - Date.parse(b.time ?? '1970-01-01'))
    || order(a.manager, b.manager) || order(a.apiVersion, b.apiVersion) || order(a.subresource ?? '', b.subresource ?? '');
}

/** An empty list, or one entry with nothing in it, is a request to forget every owner. */
export function isReset(entries: JsonValue): boolean {
  return Array.isArray(entries) && (entries.length === 0 || (entries.length === 1 && equal(entries[0], {})));
}

export function managedFieldsOf(object: JsonObject): JsonValue {
  return isObject(object.metadata) ? object.metadata.managedFields : undefined;
}

export function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isObject(object.metadata) || object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export function withManagedFields(object: JsonObject, entries: JsonValue | readonly ManagedFieldsEntry[]): JsonObject {
  const bare = withoutManagedFields(object);
  if (!Array.isArray(entries) || entries.length === 0) return bare;
  return { ...bare, metadata: { ...(isObject(bare.metadata) ? bare.metadata : {}), managedFields: entries as JsonValue } };
}
