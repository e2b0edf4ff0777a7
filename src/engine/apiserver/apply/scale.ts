import type { ManagedFieldsEntry } from '../../../kubernetes/types.generated.ts';
import type { JsonValue } from '../patch/json.ts';
import { difference, fieldSet, isEmpty, memberOnly, type FieldSet } from './field-set.ts';
import { decodeManagedFields, encodeManagedFields, type FieldManager } from './managed-fields.ts';

const scaleApiVersion = 'autoscaling/v1';
const specReplicas = setOf(['spec', 'replicas']);

function setOf(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((inner, field) => fieldSet(false, new Map([[`f:${field}`, inner]])), memberOnly);
}

const has = (set: FieldSet, path: readonly string[]): boolean => path.reduce<FieldSet | undefined>((s, f) => s?.children.get(`f:${f}`), set)?.member === true;

/**
 * The managedFields that a Scale shows: who owns the parent's replicas.
 * @param replicasPath where the parent keeps its replicas, such as `['spec', 'replicas']`
 */
export function scaleManagedFields(parent: JsonValue, replicasPath: readonly string[]): ManagedFieldsEntry[] {
  const result = new Map<string, FieldManager>();
  for (const [identity, m] of decodeManagedFields(parent)) {
    if (has(m.fields, replicasPath)) result.set(identity, { ...m, apiVersion: scaleApiVersion, fields: specReplicas });
  }
  return encodeManagedFields(result);
}

/** The parent's managedFields after a write to its Scale: replicas go to whoever owns them there. */
export function parentManagedFields(parent: JsonValue, scale: JsonValue, replicasPath: readonly string[], apiVersion: string): ManagedFieldsEntry[] {
  const path = setOf(replicasPath);
  const owners = [...decodeManagedFields(scale).values()];
  const result = new Map<string, FieldManager>();
  const same = (a: FieldManager, b: FieldManager): boolean => a.manager === b.manager && a.operation === b.operation && (a.subresource ?? '') === (b.subresource ?? '');
  const claimed = new Set<FieldManager>();
  for (const [identity, m] of decodeManagedFields(parent)) {
    if (!has(m.fields, replicasPath)) { result.set(identity, m); continue; }
    const owner = owners.find((o) => same(o, m));
    const fields = owner ? m.fields : difference(m.fields, path);
    if (owner) claimed.add(owner);
    if (!isEmpty(fields)) result.set(identity, { ...m, fields });
  }
  for (const owner of owners) {
    if (claimed.has(owner) || !has(owner.fields, ['spec', 'replicas'])) continue;
    result.set(JSON.stringify([owner.manager, owner.operation, owner.subresource, apiVersion]), { ...owner, apiVersion, fields: path });
  }
  return encodeManagedFields(result);
}
