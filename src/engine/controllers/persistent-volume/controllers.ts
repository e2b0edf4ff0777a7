import { PersistentVolumeClaims, PersistentVolumes, Pods, StorageClasses } from '../../../client/kinds.ts';
import { keyOf, keyString, parseKey, type ObjectKey, type Resource } from '../../../client/resource.ts';
import { isNotFound } from '../../../client/status-error.ts';
import { isTerminal } from '../../../kubernetes/pod-state.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../../runtime/controller.ts';
import { holding, keptFor, volumeFor, volumePhase } from './binding.ts';

const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
const UNBOUND = 'persistent-volume/unbound';
const BY_CLAIM = 'persistent-volume/claim';
const WAITING: ObjectKey = { name: 'unbound' };

const claimsOf = (pod: Pod): readonly string[] => (pod.spec?.volumes ?? []).flatMap((v) => (v.persistentVolumeClaim === undefined ? [] : [keyString({ namespace: pod.metadata?.namespace ?? '', name: v.persistentVolumeClaim.claimName })]));

/** Gives each claim its volume, whoever makes that, and keeps a claim that is deleted as long as a pod uses it. */
export const persistentVolumeClaimController: ControllerFactory = (context) => {
  const claims = context.informer(PersistentVolumeClaims);
  const pods = context.informer(Pods);
  claims.addIndex(UNBOUND, (c) => ((c.spec?.volumeName ?? '') === '' ? [WAITING.name] : []));
  pods.addIndex(BY_CLAIM, claimsOf);
  return {
    name: 'persistent-volume-claim',
    sources: [
      source(PersistentVolumeClaims, (claim) => [keyOf(claim)]),
      source(PersistentVolumes, ({ spec }) => (spec?.claimRef?.name === undefined ? claims.byIndex(UNBOUND, WAITING.name).map(keyOf) : [{ namespace: spec.claimRef.namespace ?? '', name: spec.claimRef.name }])),
      source(StorageClasses, () => claims.byIndex(UNBOUND, WAITING.name).map(keyOf)),
      source(Pods, (pod) => claimsOf(pod).map(parseKey).filter((key) => claims.get(key)?.metadata?.deletionTimestamp !== undefined)),
    ],
    async reconcile(key): Promise<ReconcileResult> {
      const claim = claims.get(key);
      if (claim === undefined) return {};
      if (claim.metadata?.deletionTimestamp === undefined) await bind(context, claim);
      else if (pods.byIndex(BY_CLAIM, keyString(key)).every(isTerminal)) {
        // One that uses it may be newer than the copy.
        const { items } = await context.client.list(Pods, { namespace: key.namespace });
        if (items.every((pod) => isTerminal(pod) || !claimsOf(pod).includes(keyString(key)))) await release(context, PersistentVolumeClaims, claim, CLAIM_PROTECTION);
      }
      return {};
    },
  };
};

async function bind({ client, informer }: ControllerContext, claim: PersistentVolumeClaim): Promise<void> {
  const wanted = claim.spec?.volumeName ?? '';
  const volumes = informer(PersistentVolumes);
  const storageClass = informer(StorageClasses).get({ name: claim.spec?.storageClassName ?? '' });
  const volume = wanted === '' ? volumeFor(claim, volumes.list(), storageClass) : volumes.get({ name: wanted });
  if (volume === undefined) {
    if (wanted !== '' && claim.status?.phase === 'Bound') await client.updateStatus(PersistentVolumeClaims, { ...claim, status: { ...claim.status, phase: 'Lost' } });
    return;
  }
  // Somebody else's.
  if (volume.spec?.claimRef?.uid !== undefined && volume.spec.claimRef.uid !== '' && volume.spec.claimRef.uid !== claim.metadata?.uid) return;
  const kept = keptFor(volume, claim);
  if (kept !== undefined) await client.update(PersistentVolumes, kept);
  const held = holding(claim, volume);
  const now = held === undefined ? claim : await client.update(PersistentVolumeClaims, held);
  if (now.status?.phase === 'Bound') return;
  await client.updateStatus(PersistentVolumeClaims, { ...now, status: { ...now.status, phase: 'Bound', ...(volume.spec?.accessModes && { accessModes: volume.spec.accessModes }), ...(volume.spec?.capacity && { capacity: volume.spec.capacity }) } });
}

/** Says of each volume whether it is free, bound or released; who made it takes a released one away. */
export const persistentVolumeController: ControllerFactory = (context) => {
  const { client } = context;
  const volumes = context.informer(PersistentVolumes);
  const ofClaim = (claim: PersistentVolumeClaim): ObjectKey[] => ((claim.spec?.volumeName ?? '') === '' ? [] : [{ name: claim.spec?.volumeName ?? '' }]);
  return {
    name: 'persistent-volume',
    sources: [source(PersistentVolumes, (volume) => [keyOf(volume)]), source(PersistentVolumeClaims, ofClaim)],
    async reconcile({ name }): Promise<ReconcileResult> {
      const volume = volumes.get({ name });
      if (volume === undefined) return {};
      const phase = volumePhase(volume, await claimOf(context, volume));
      if (volume.metadata?.deletionTimestamp !== undefined) {
        if (phase !== 'Bound') await release(context, PersistentVolumes, volume, VOLUME_PROTECTION);
        return {};
      }
      if (volume.status?.phase !== phase) await client.updateStatus(PersistentVolumes, { ...volume, status: { ...volume.status, phase } });
      return {};
    },
  };
};

/** Asked for where the copy lacks it: a volume that is taken for released loses what is on it. */
async function claimOf({ client, informer }: ControllerContext, { spec }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
  if (spec?.claimRef?.name === undefined) return undefined;
  const key = { namespace: spec.claimRef.namespace ?? '', name: spec.claimRef.name };
  const seen = informer(PersistentVolumeClaims).get(key);
  if (seen?.metadata?.uid === spec.claimRef.uid) return seen;
  return client.get(PersistentVolumeClaims, key).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; });
}

async function release<T extends PersistentVolume | PersistentVolumeClaim>({ client }: ControllerContext, resource: Resource<T>, object: T, finalizer: string): Promise<void> {
  const { finalizers = [] } = object.metadata ?? {};
  if (!finalizers.includes(finalizer)) return;
  await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers: finalizers.filter((f) => f !== finalizer) } }).catch((e: unknown) => { if (!isNotFound(e)) throw e; });
}
