import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '../../../kubernetes/types.generated.ts';

export function isInUse({ metadata }: VolumeAttributesClass, claims: readonly PersistentVolumeClaim[], volumes: readonly PersistentVolume[]): boolean {
  const named = (...names: readonly (string | undefined)[]): boolean => names.includes(metadata?.name);
  return claims.some((c) => named(c.spec?.volumeAttributesClassName, c.status?.currentVolumeAttributesClassName, c.status?.modifyVolumeStatus?.targetVolumeAttributesClassName)) || volumes.some((v) => named(v.spec?.volumeAttributesClassName));
}
