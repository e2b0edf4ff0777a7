import { availableInMs, isReady, isTerminal } from '../../../kubernetes/pod-state.ts';
import type { Pod, StatefulSet, StatefulSetStatus } from '../../../kubernetes/types.generated.ts';
import { ordinalOf, revisionLabel } from './pod.ts';

export interface StatefulSetDecision {
  /** Ordinals to create, and whether from the updated template or the one before. */
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[];
  readonly remove: readonly Pod[];
  readonly status: StatefulSetStatus;
  readonly requeueAfterMs?: number;
}

/** Rules: the page 'StatefulSets' of the Kubernetes documentation. */
export function reconcile(set: StatefulSet, pods: readonly Pod[], updateRevision: string, nowMs: number): StatefulSetDecision {
  const wanted = set.spec?.replicas ?? 1;
  const start = set.spec?.ordinals?.start ?? 0;
  const currentRevision = set.status?.currentRevision ?? updateRevision;
  const waits = new Map(pods.map((p) => [p, availableInMs(p, set.spec?.minReadySeconds ?? 0, nowMs)]));
  const healthy = (p: Pod | undefined): boolean => p !== undefined && p.metadata?.deletionTimestamp === undefined && waits.get(p) === 0;
  const byOrdinal = new Map(pods.map((p) => [ordinalOf(set, p) ?? -1, p]));
  const ordinals = Array.from({ length: wanted }, (_, i) => start + i);
  const surplus = pods.filter((p) => !ordinals.includes(ordinalOf(set, p) ?? -1)).toSorted((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0));
  const steps = set.metadata?.deletionTimestamp === undefined ? nextSteps() : { create: [], remove: [] };
  const updated = pods.filter((p) => p.metadata?.labels?.[revisionLabel] === updateRevision && p.metadata.deletionTimestamp === undefined);
  const live = pods.filter((p) => !isTerminal(p));
  const complete = updated.length === wanted && live.length === wanted && live.every(healthy);
  const next = Math.min(...[...waits.values()].filter((ms) => ms > 0));
  return {
    ...steps,
    status: {
      replicas: live.length,
      readyReplicas: live.filter(isReady).length,
      availableReplicas: live.filter((p) => waits.get(p) === 0).length,
      currentReplicas: complete ? updated.length : live.filter((p) => p.metadata?.labels?.[revisionLabel] === currentRevision).length,
      updatedReplicas: updated.length,
      currentRevision: complete ? updateRevision : currentRevision,
      updateRevision,
      observedGeneration: set.metadata?.generation,
      collisionCount: set.status?.collisionCount ?? 0,
    },
    ...(Number.isFinite(next) ? { requeueAfterMs: next } : {}),
  };

  function nextSteps(): Pick<StatefulSetDecision, 'create' | 'remove'> {
    const parallel = set.spec?.podManagementPolicy === 'Parallel';
    const partition = set.spec?.updateStrategy?.type === 'OnDelete' ? 0 : (set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
    const ended = ordinals.flatMap((o) => byOrdinal.get(o) ?? []).filter((p) => isTerminal(p) && p.metadata?.deletionTimestamp === undefined);
    if (ended.length > 0) return { create: [], remove: parallel ? ended : ended.slice(0, 1) };
    const create: { ordinal: number; revision: string }[] = [];
    for (const ordinal of ordinals) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) create.push({ ordinal, revision: ordinal - start < partition ? currentRevision : updateRevision });
      // In order: each waits for those before it.
      if (!parallel && !healthy(pod)) return { create, remove: [] };
    }
    if (parallel && create.length > 0) return { create, remove: [] };
    const leaving = surplus.filter((p) => p.metadata?.deletionTimestamp === undefined);
    if (surplus.length > 0) return { create, remove: parallel ? leaving : leaving.length === surplus.length ? leaving.slice(0, 1) : [] };
    if (set.spec?.updateStrategy?.type === 'OnDelete') return { create, remove: [] };
    for (const ordinal of ordinals.toReversed()) {
      if (ordinal - start < partition) break;
      const pod = byOrdinal.get(ordinal);
      if (pod !== undefined && pod.metadata?.labels?.[revisionLabel] !== updateRevision && pod.metadata?.deletionTimestamp === undefined) return { create, remove: [pod] };
      if (!healthy(pod)) break;
    }
    return { create, remove: [] };
  }
}
