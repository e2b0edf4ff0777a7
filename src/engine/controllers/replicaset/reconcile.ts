import { selects } from '../../../kubernetes/label-selector.ts';
import { availableInMs, isActive, isReady, isTerminal } from '../../../kubernetes/pod-state.ts';
import type { Pod, ReplicaSetStatus } from '../../../kubernetes/types.generated.ts';
import { deletionOrder } from './deletion-order.ts';
import type { ReplicaSetObserved } from './observe.ts';

export type ReplicaSetAction = { readonly type: 'create'; readonly count: number } | { readonly type: 'delete'; readonly pods: readonly Pod[] } | { readonly type: 'none' };

export interface ReplicaSetDecision {
  readonly action: ReplicaSetAction;
  readonly status: ReplicaSetStatus;
  /** When the next ready pod becomes available by `minReadySeconds`. */
  readonly requeueAfterMs?: number;
}

const burst = 500;

export function reconcile(observed: ReplicaSetObserved, nowMs: number): ReplicaSetDecision {
  const { replicaSet, pods } = observed;
  const wanted = replicaSet.spec?.replicas ?? 1;
  const active = pods.owned.filter(isActive);
  return { action: actionOf(observed, active, wanted), ...statusOf(observed, active, nowMs) };
}

function actionOf({ replicaSet, settled, podsOnNode }: ReplicaSetObserved, active: readonly Pod[], wanted: number): ReplicaSetAction {
  if (!settled || replicaSet.metadata?.deletionTimestamp !== undefined) return { type: 'none' };
  const missing = wanted - active.length;
  if (missing > 0) return { type: 'create', count: Math.min(missing, burst) };
  if (missing < 0) return { type: 'delete', pods: active.toSorted(deletionOrder(podsOnNode)).slice(0, Math.min(-missing, burst)) };
  return { type: 'none' };
}

function statusOf({ replicaSet, pods }: ReplicaSetObserved, active: readonly Pod[], nowMs: number): Pick<ReplicaSetDecision, 'status' | 'requeueAfterMs'> {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const waits = active.map((p) => availableInMs(p, minReadySeconds, nowMs));
  const next = Math.min(...waits.filter((ms) => ms > 0));
  const template = replicaSet.spec?.template?.metadata?.labels ?? {};
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((p) => selects({ matchLabels: template }, p.metadata?.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((ms) => ms === 0).length,
    terminatingReplicas: pods.owned.filter((p) => p.metadata?.deletionTimestamp !== undefined && !isTerminal(p)).length,
    observedGeneration: replicaSet.metadata?.generation,
    conditions: replicaSet.status?.conditions,
  };
  return { status, ...(Number.isFinite(next) ? { requeueAfterMs: next } : {}) };
}
