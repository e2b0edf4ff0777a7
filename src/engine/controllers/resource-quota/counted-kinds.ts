import { ConfigMaps, PersistentVolumeClaims, Pods, ResourceQuotas, Secrets, Services } from '../../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../../client/resource.ts';

/** A name of `hard` that counts objects: `count/replicasets.apps`; the core group has no dot. */
export interface CountedName { readonly group: string; readonly plural: string }

const core = (plural: string): CountedName => ({ group: '', plural });

/** Which objects an amount of a quota is of. */
export function countedBy(name: string): CountedName {
  const counted = /^count\/([^.]+)(?:\.(.+))?$/.exec(name);
  if (counted !== null) return { group: counted[2] ?? '', plural: counted[1] ?? '' };
  if (name.startsWith('services')) return core('services');
  if (name === 'requests.storage' || name.includes('.storageclass.storage.k8s.io/') || name === 'persistentvolumeclaims') return core('persistentvolumeclaims');
  return ['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas'].includes(name) ? core(name) : core('pods');
}

/** The kinds that most quotas are of; the others are discovered. */
export const commonKinds: readonly Resource<KubernetesObject>[] = [Pods, Services, ConfigMaps, Secrets, PersistentVolumeClaims, ResourceQuotas];
