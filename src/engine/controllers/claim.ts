import type { KubernetesObject } from '../../client/resource.ts';
import type { Client } from '../../client/client.ts';
import { keyOf, type Resource } from '../../client/resource.ts';
import { isInvalid, isNotFound } from '../../client/status-error.ts';
import { selects } from '../../kubernetes/label-selector.ts';
import { controllerOf, controllerReference } from '../../kubernetes/owner-reference.ts';
import type { LabelSelector } from '../../kubernetes/types.generated.ts';
import type { Informer } from '../../runtime/informer.ts';

export interface Claim<T> {
  /** Owned and matching. */
  readonly owned: readonly T[];
  /** Matching and without a managing owner. */
  readonly adopt: readonly T[];
  /** Owned, but no longer matching. */
  readonly release: readonly T[];
}

const BY_CONTROLLER = 'engine/controller';
const controllerUid = (object: KubernetesObject): string[] => [ownedBy(object.metadata?.namespace, controllerOf(object)?.uid)];
/** @param uid absent: by nobody */
const ownedBy = (namespace: string | undefined, uid: string | undefined): string => `${namespace}/${uid ?? ''}`;

/** To be called before {@link candidates}. */
export function indexOwners<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex(BY_CONTROLLER, controllerUid);
}

/** Objects that an owner may have to do with: its own, and those of its namespace that are nobody's. */
export function candidates<T extends KubernetesObject>(informer: Informer<T>, { metadata }: KubernetesObject): T[] {
  return [metadata?.uid, undefined].flatMap((uid) => informer.byIndex(BY_CONTROLLER, ownedBy(metadata?.namespace, uid)));
}

/** Sorts {@link candidates} by whether `owner` manages them, should take them, or should let them go. */
export function claim<T extends KubernetesObject>(owner: KubernetesObject, selector: LabelSelector | undefined, from: readonly T[]): Claim<T> {
  const result = { owned: [] as T[], adopt: [] as T[], release: [] as T[] };
  const mayTake = owner.metadata?.deletionTimestamp === undefined;
  for (const object of from) {
    const controller = controllerOf(object);
    const matches = selects(selector, object.metadata?.labels);
    if (controller?.uid === owner.metadata?.uid) {
      if (matches) result.owned.push(object);
      else if (mayTake && object.metadata?.deletionTimestamp === undefined) result.release.push(object);
    } else if (controller === undefined && matches && mayTake && object.metadata?.deletionTimestamp === undefined) result.adopt.push(object);
  }
  return result;
}

/** Writes the owner references that a claim asks for. */
export async function applyClaim<T extends KubernetesObject>(client: Client, resource: Resource<T>, owner: KubernetesObject, ownerVersion: string, ownerKind: string, claimed: Claim<T>): Promise<void> {
  const gone = (e: unknown): void => {
    if (!isNotFound(e) && !isInvalid(e)) throw e;
  };
  for (const object of claimed.adopt) {
    const references = [...(object.metadata?.ownerReferences ?? []), controllerReference(owner, ownerVersion, ownerKind)];
    await client.patch(resource, keyOf(object), { metadata: { uid: object.metadata?.uid, resourceVersion: object.metadata?.resourceVersion, ownerReferences: references } }).catch(gone);
  }
  for (const object of claimed.release) {
    const references = (object.metadata?.ownerReferences ?? []).filter((r) => r.uid !== owner.metadata?.uid);
    await client.patch(resource, keyOf(object), { metadata: { uid: object.metadata?.uid, resourceVersion: object.metadata?.resourceVersion, ownerReferences: references } }).catch(gone);
  }
}
