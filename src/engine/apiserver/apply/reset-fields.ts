import type { ResetFields } from './ownership.ts';

/**
 * What an endpoint resets, so that no writer of it owns that: the object's own endpoint leaves status to the status
 * subresource, which in turn leaves everything but status.
 */
export function resetFieldsOf(options: { readonly group: string; readonly kind: string; readonly custom: boolean; readonly hasStatus: boolean; readonly subresource?: string }): ResetFields | undefined {
  const { group, kind, custom, hasStatus, subresource } = options;
  if (subresource === undefined) return hasStatus ? { paths: [['status']] } : undefined;
  if (subresource !== 'status') return undefined;
  if (custom) return { paths: [['status']], only: true };
  return { paths: statusResets[`${group}/${kind}`] ?? [['spec']] };
}

const statusResets: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '/Pod': [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']],
  'apps/Deployment': [['spec'], ['metadata', 'labels']],
  'apiextensions.k8s.io/CustomResourceDefinition': [['metadata'], ['spec']],
  'apiregistration.k8s.io/APIService': [['metadata'], ['spec']],
};
