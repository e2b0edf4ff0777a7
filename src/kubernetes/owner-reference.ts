import type { ObjectMeta, OwnerReference } from './types.generated.ts';

interface Owned {
  readonly metadata?: ObjectMeta;
}

/** The reference to the one owner that manages the object. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((r) => r.controller === true);
}

export function isControlledBy(object: Owned, owner: Owned): boolean {
  return controllerOf(object)?.uid === owner.metadata?.uid;
}

/** The reference that makes `owner` the managing owner. */
export function controllerReference(owner: Owned, apiVersion: string, kind: string): OwnerReference {
  const { name = '', uid = '' } = owner.metadata ?? {};
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
