import type { PersistentVolumeClaimSpec, Volume } from '../../../../../kubernetes/types.generated.ts';
import { defaultPullPolicy } from './image-reference.ts';

const FILE_MODE = 0o644;

export function defaultVolume(volume: Volume): void {
  if (!hasSource(volume)) volume.emptyDir = {};
  if (volume.secret !== undefined) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    defaultFieldRefs(volume.downwardAPI.items);
  }
  if (volume.projected !== undefined) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600;
      if (source.podCertificate !== undefined) source.podCertificate.maxExpirationSeconds ??= 86_400;
      defaultFieldRefs(source.downwardAPI?.items);
    }
  }
  if (volume.image !== undefined) volume.image.pullPolicy ??= defaultPullPolicy(volume.image.reference);
  if (volume.ephemeral?.volumeClaimTemplate !== undefined) defaultClaimSpec(volume.ephemeral.volumeClaimTemplate.spec);
  defaultSource(volume);
}

function hasSource(volume: Volume): boolean {
  for (const key in volume) if (key !== 'name') return true;
  return false;
}

function defaultFieldRefs(items: readonly { fieldRef?: { apiVersion?: string } }[] | undefined): void {
  for (const item of items ?? []) if (item.fieldRef !== undefined) item.fieldRef.apiVersion ??= 'v1';
}

/** Sources that pods and persistent volumes share. */
export function defaultSource(source: Pick<Volume, 'hostPath' | 'iscsi' | 'azureDisk'> & { rbd?: Volume['rbd']; scaleIO?: Volume['scaleIO'] | object }): void {
  if (source.hostPath !== undefined) source.hostPath.type ??= '';
  if (source.iscsi !== undefined) source.iscsi.iscsiInterface ??= 'default';
  if (source.rbd !== undefined) {
    source.rbd.pool ??= 'rbd';
    source.rbd.user ??= 'admin';
    source.rbd.keyring ??= '/etc/ceph/keyring';
  }
  if (source.azureDisk !== undefined) {
    source.azureDisk.cachingMode ??= 'ReadWrite';
    source.azureDisk.kind ??= 'Shared';
    source.azureDisk.fsType ??= 'ext4';
    source.azureDisk.readOnly ??= false;
  }
  if (source.scaleIO !== undefined) {
    const scaleIo = source.scaleIO as { storageMode?: string; fsType?: string };
    scaleIo.storageMode ??= 'ThinProvisioned';
    scaleIo.fsType ??= 'xfs';
  }
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
}
