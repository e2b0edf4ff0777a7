import { matchesNodeSelector } from '../../kubernetes/node-affinity.ts';
import { SELECTED_NODE } from '../../kubernetes/persistent-volume.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../kubernetes/types.generated.ts';

export interface Volumes {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
}

/** What a pod's claims ask of its node. */
export type ClaimDemand =
  /** No node will do before something else has happened. */
  | { readonly type: 'unschedulable'; readonly message: string }
  /** `refuses` completes 'N node(s) …'. `toPlace`: claims whose volumes are made on the chosen node; the pod is bound once they are there. */
  | { readonly type: 'nodes'; refuses(node: Node): string | undefined; readonly toPlace: readonly PersistentVolumeClaim[] };

/** @param isThere whether a node of that name is there: a claim that was placed on another is placed anew */
export function claimDemand(pod: Pod, volumes: Volumes, isThere: (node: string) => boolean): ClaimDemand {
  const refusals: ((node: Node) => string | undefined)[] = [];
  const toPlace: PersistentVolumeClaim[] = [];
  const namespace = pod.metadata?.namespace ?? '';
  for (const { persistentVolumeClaim } of pod.spec?.volumes ?? []) {
    if (persistentVolumeClaim === undefined) continue;
    const name = persistentVolumeClaim.claimName;
    const claim = volumes.claim(namespace, name);
    if (claim === undefined) return { type: 'unschedulable', message: `persistentvolumeclaim "${name}" not found` };
    if (claim.metadata?.deletionTimestamp !== undefined) return { type: 'unschedulable', message: `persistentvolumeclaim "${name}" is being deleted` };
    if (claim.status?.phase === 'Lost') return { type: 'unschedulable', message: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName}"` };
    if (claim.status?.phase === 'Bound') {
      const required = volumes.volume(claim.spec?.volumeName ?? '')?.spec?.nodeAffinity?.required;
      if (required !== undefined) refusals.push((node) => (matchesNodeSelector(required, node) ? undefined : "node(s) didn't match PersistentVolume's node affinity"));
      continue;
    }
    if (volumes.storageClass(claim.spec?.storageClassName ?? '')?.volumeBindingMode !== 'WaitForFirstConsumer') return { type: 'unschedulable', message: 'pod has unbound immediate PersistentVolumeClaims' };
    toPlace.push(claim);
    const selected = claim.metadata?.annotations?.[SELECTED_NODE];
    if (selected !== undefined && isThere(selected)) refusals.push((node) => (node.metadata?.name === selected ? undefined : `node(s) are not the one on which claim ${name} was placed`));
  }
  return { type: 'nodes', toPlace, refuses: (node) => refusals.map((refuses) => refuses(node)).find((reason) => reason !== undefined) };
}
