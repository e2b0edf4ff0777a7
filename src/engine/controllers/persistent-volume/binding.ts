import { selects } from '../../../kubernetes/label-selector.ts';
import { quantityValue } from '../../../kubernetes/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../kubernetes/types.generated.ts';

const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/** Whether the volume is kept for the claim, by whoever: a volume that names no uid is for the next claim of that name. */
export function isFor(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { namespace, name, uid } = volume.spec?.claimRef ?? {};
  return name === metadata?.name && namespace === metadata?.namespace && (uid === undefined || uid === '' || uid === metadata?.uid);
}

/** A claim of such a class gets its volume where its first pod is placed, and not before. */
export const waitsForPod = (storageClass: StorageClass | undefined): boolean => storageClass?.volumeBindingMode === 'WaitForFirstConsumer';

/** The volume that the claim gets now: the one that is kept for it, else the smallest that is free and enough. Undefined: none yet. */
export function volumeFor(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[], storageClass: StorageClass | undefined): PersistentVolume | undefined {
  const there = volumes.filter((v) => v.metadata?.deletionTimestamp === undefined);
  const kept = there.find((v) => isFor(v, claim));
  // What a scheduler has not chosen for a pod is chosen with its node in mind, and not here.
  if (kept !== undefined || waitsForPod(storageClass)) return kept;
  return there.filter((v) => v.spec?.claimRef === undefined && isEnough(v, claim)).toSorted((a, b) => sizeOf(a) - sizeOf(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))[0];
}

function isEnough(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { metadata, spec } = volume;
  const wanted = claim.spec;
  return (spec?.storageClassName ?? '') === (wanted?.storageClassName ?? '')
    && (spec?.volumeMode ?? 'Filesystem') === (wanted?.volumeMode ?? 'Filesystem')
    && (wanted?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode) === true)
    && sizeOf(volume) >= quantityValue(wanted?.resources?.requests?.['storage'] ?? '0')
    && (wanted?.selector === undefined || selects(wanted.selector, metadata?.labels));
}

const sizeOf = ({ spec }: PersistentVolume): number => quantityValue(spec?.capacity?.['storage'] ?? '0');

/** The volume as it is once it is kept for the claim; undefined: it is already. */
export function keptFor(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): PersistentVolume | undefined {
  if (volume.spec?.claimRef?.uid === metadata?.uid) return undefined;
  return { ...volume, spec: { ...volume.spec, claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...(metadata?.namespace !== undefined && { namespace: metadata.namespace }), ...(metadata?.name !== undefined && { name: metadata.name }), ...(metadata?.uid !== undefined && { uid: metadata.uid }) } } };
}

/** The claim as it is once it has the volume; undefined: it is already. */
export function holding(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const { metadata, spec } = claim;
  if (spec?.volumeName === volume.metadata?.name && metadata?.annotations?.[BIND_COMPLETED] === 'yes') return undefined;
  return { ...claim, metadata: { ...metadata, annotations: { ...metadata?.annotations, [BIND_COMPLETED]: 'yes' } }, spec: { ...spec, ...(volume.metadata?.name !== undefined && { volumeName: volume.metadata.name }) } };
}

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Pending' | 'Failed';

/** @param claim of the volume's claimRef, as it is; undefined: gone */
export function volumePhase({ spec, metadata }: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePhase {
  if (spec?.claimRef === undefined) return 'Available';
  // It was never bound.
  if (spec.claimRef.uid === undefined || spec.claimRef.uid === '') return 'Available';
  if (claim === undefined || claim.metadata?.uid !== spec.claimRef.uid) return 'Released';
  return claim.spec?.volumeName === metadata?.name ? 'Bound' : 'Available';
}
