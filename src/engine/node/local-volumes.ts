import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PersistentVolumeClaims, PersistentVolumes, StorageClasses } from '../../client/kinds.ts';
import { keyOf, type ObjectKey } from '../../client/resource.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../client/status-error.ts';
import { SELECTED_NODE } from '../../kubernetes/persistent-volume.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../kubernetes/types.generated.ts';
import { source, type ControllerFactory, type ReconcileResult } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';

/** The provisioner that StorageClasses name for folders of the node where the first pod of a claim runs. */
export const LOCAL_PROVISIONER = 'aweigh.dev/local';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
const HOSTNAME = 'kubernetes.io/hostname';

export interface LocalVolumesOptions {
  readonly nodeNames: readonly string[];
  /** Each volume is a folder of it. */
  readonly root: string;
}

/** Makes the volumes that claims are to have on these nodes, and takes released ones away: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming */
export const localVolumes = ({ nodeNames, root }: LocalVolumesOptions): ControllerFactory => (context) => {
  const { client, log } = context;
  const claims = context.informer(PersistentVolumeClaims);
  const volumes = context.informer(PersistentVolumes);
  const classes = context.informer(StorageClasses);
  const events = createEventRecorder(context, LOCAL_PROVISIONER);
  const isOurs = ({ metadata, spec }: PersistentVolume): boolean =>
    metadata?.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER && spec?.nodeAffinity?.required?.nodeSelectorTerms.some((t) => t.matchExpressions?.some((e) => e.key === HOSTNAME && e.values?.some((v) => nodeNames.includes(v)))) === true;
  const nodeOf = ({ metadata, spec }: PersistentVolumeClaim): string | undefined => {
    const node = metadata?.annotations?.[SELECTED_NODE];
    const wanted = (spec?.volumeName ?? '') === '' && metadata?.deletionTimestamp === undefined && classes.get({ name: spec?.storageClassName ?? '' })?.provisioner === LOCAL_PROVISIONER;
    return wanted && node !== undefined && nodeNames.includes(node) ? node : undefined;
  };

  const provide = async (claim: PersistentVolumeClaim, node: string): Promise<void> => {
    const name = `pvc-${claim.metadata?.uid}`;
    if (volumes.get({ name }) !== undefined) return;
    const { accessModes, resources, storageClassName, volumeMode } = claim.spec ?? {};
    if (volumeMode === 'Block' || accessModes?.some((mode) => !SINGLE_NODE.has(mode)) === true) {
      events.event(claim, 'Warning', 'ProvisioningFailed', 'A folder of one node is no block device, and no other node reaches it: ask for volumeMode Filesystem and accessModes ReadWriteOnce');
      return;
    }
    const path = join(root, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await client.create(PersistentVolumes, {
      apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } },
      spec: {
        ...(accessModes && { accessModes }), capacity: { storage: resources?.requests?.['storage'] ?? '0' }, ...(storageClassName && { storageClassName }), volumeMode: 'Filesystem',
        persistentVolumeReclaimPolicy: classes.get({ name: storageClassName ?? '' })?.reclaimPolicy ?? 'Delete',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata?.namespace ?? '', name: claim.metadata?.name ?? '', uid: claim.metadata?.uid ?? '' },
        local: { path }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [node] }] }] } },
      },
    }).catch((e: unknown) => { if (!isAlreadyExists(e)) throw e; });
    log.info({ namespace: claim.metadata?.namespace, name: claim.metadata?.name, node, volume: name }, 'Made a volume');
    events.event(claim, 'Normal', 'ProvisioningSucceeded', `Made volume ${name} on ${node}`);
  };

  /** The folder goes with the last word of it, so that one that is left is found again. */
  const takeAway = async (volume: PersistentVolume): Promise<void> => {
    const name = volume.metadata?.name ?? '';
    rmSync(join(root, name), { recursive: true, force: true });
    await client.delete(PersistentVolumes, { name }, { uid: volume.metadata?.uid }).catch((e: unknown) => { if (!isNotFound(e) && !isConflict(e)) throw e; });
    log.info({ volume: name }, 'Took a released volume away');
  };

  const volumeKey = (volume: PersistentVolume): ObjectKey[] => (isOurs(volume) && isReleased(volume) ? [keyOf(volume)] : []);
  return {
    name: 'local-volumes',
    sources: [
      source(PersistentVolumeClaims, (claim) => (claim.metadata?.annotations?.[SELECTED_NODE] === undefined ? [] : [keyOf(claim)])),
      source(StorageClasses, () => claims.list().map(keyOf)),
      source(PersistentVolumes, volumeKey),
    ],
    async reconcile(key): Promise<ReconcileResult> {
      if (key.namespace === undefined || key.namespace === '') {
        const volume = volumes.get(key);
        if (volume !== undefined && isOurs(volume) && isReleased(volume)) await takeAway(volume);
        return {};
      }
      const claim = claims.get(key);
      const node = claim === undefined ? undefined : nodeOf(claim);
      if (claim !== undefined && node !== undefined) await provide(claim, node);
      return {};
    },
  };
};

const SINGLE_NODE = new Set(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany']);
const isReleased = ({ metadata, spec, status }: PersistentVolume): boolean => status?.phase === 'Released' && spec?.persistentVolumeReclaimPolicy === 'Delete' && metadata?.deletionTimestamp === undefined;
