import type { PersistentVolumeClaimSpec } from '../../../kubernetes/types.generated.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';

const ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const CLAIM_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** A claim that names no class gets the default one: the newest where several are marked. */
export function defaultStorageClass(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (request.group !== '' || request.kind !== 'PersistentVolumeClaim' || request.operation !== 'CREATE' || request.subresource !== undefined || request.object === undefined) return;
  const spec = request.object['spec'] as PersistentVolumeClaimSpec;
  if (spec.storageClassName !== undefined || request.object.metadata.annotations?.[CLAIM_ANNOTATION] !== undefined) return;
  const defaults = lookups.list('storage.k8s.io', 'StorageClass').filter((c) => ANNOTATIONS.some((a) => c.metadata.annotations?.[a] === 'true'));
  const newest = defaults.toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''))[0];
  if (newest?.metadata.name !== undefined) spec.storageClassName = newest.metadata.name;
}
