import { X509Certificate } from 'node:crypto';
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionStatus } from '../../../kubernetes/types.generated.ts';
import { acceptNames } from './accepted-names.ts';

type Condition = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

export const definitionsStorage = 'apiextensions.k8s.io/customresourcedefinitions';
/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** The status that a definition should have: whose names it has, whether it is served, and in which versions objects may be stored.
 *  @param others the definitions that are there as well */
export function statusFor(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): CustomResourceDefinitionStatus {
  const { accepted, conflict } = acceptNames(definition, others);
  const wasEstablished = isEstablished(definition);
  const conditions: Condition[] = [
    conflict === undefined ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' } : { type: 'NamesAccepted', status: 'False', ...conflict },
    // What is served once stays served: its objects are there.
    !wasEstablished && hasBrokenAuthority(definition) ? { type: 'Established', status: 'False', reason: 'InvalidCABundle', message: 'the caBundle of the conversion webhook holds no certificate' }
      : conflict === undefined || wasEstablished ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' } : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    ...(definition.metadata?.deletionTimestamp ? [{ type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' }] : []),
  ];
  const had = definition.status?.conditions ?? [];
  const kept = had.filter((c) => !conditions.some((n) => n.type === c.type));
  const storage = definition.spec?.versions?.find((v) => v.storage)?.name;
  const stored = definition.status?.storedVersions ?? [];
  return {
    ...definition.status, acceptedNames: accepted, storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
    conditions: [...kept, ...conditions.map((c) => {
      const before = had.find((h) => h.type === c.type);
      return before?.status === c.status && before.reason === c.reason && before.message === c.message ? before : { ...c, lastTransitionTime: before?.status === c.status ? (before.lastTransitionTime ?? now) : now };
    })],
  };
}

/** A conversion webhook that nobody could trust. */
function hasBrokenAuthority({ spec }: CustomResourceDefinition): boolean {
  const bundle = spec?.conversion?.webhook?.clientConfig?.caBundle;
  if (bundle === undefined || bundle === '') return false;
  try {
    return new X509Certificate(Buffer.from(bundle, 'base64')).subject === undefined;
  } catch {
    return true;
  }
}

export function isEstablished(definition: CustomResourceDefinition): boolean {
  return definition.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true;
}
