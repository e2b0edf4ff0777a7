import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import { rollingLimits, specReplicas, wantedReplicas } from './rolling-update.ts';

export interface StatusInput {
  readonly deployment: Deployment;
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  /** The current ReplicaSet is being made by this very reconcile. */
  readonly creating: boolean;
  readonly nowMs: number;
}

export interface StatusDecision {
  readonly status: DeploymentStatus;
  /** When the progress deadline falls due. */
  readonly requeueAfterMs?: number;
}

const noDeadline = 2_147_483_647;

export function statusOf(input: StatusInput): StatusDecision {
  const { deployment, current, old } = input;
  const all = current === undefined ? old : [...old, current];
  const sum = (of: (rs: ReplicaSet) => number | undefined): number => all.reduce((n, rs) => n + (of(rs) ?? 0), 0);
  const available = sum((rs) => rs.status?.availableReplicas);
  const counts = {
    observedGeneration: deployment.metadata?.generation,
    replicas: sum((rs) => rs.status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum((rs) => rs.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(specReplicas) - available),
    terminatingReplicas: sum((rs) => rs.status?.terminatingReplicas),
    collisionCount: deployment.status?.collisionCount,
  };
  const { condition: progressing, requeueAfterMs } = progressingCondition(input, counts);
  const conditions = [
    availableCondition(input, counts.availableReplicas),
    progressing,
    all.flatMap((rs) => rs.status?.conditions ?? []).find((c) => c.type === 'ReplicaFailure' && c.status === 'True'),
  ].filter((c): c is DeploymentCondition => c !== undefined);
  const status = { ...counts, conditions: conditions.map((c) => keepTimes(deployment, c, input.nowMs)) };
  return requeueAfterMs === undefined ? { status } : { status, requeueAfterMs };
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedReplicas(deployment);
  return (status.updatedReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted && (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0);
}

function availableCondition({ deployment }: StatusInput, available: number): DeploymentCondition {
  const least = wantedReplicas(deployment) - rollingLimits(deployment).maxUnavailable;
  return available >= least
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' };
}

/** Reasons follow the Deployment page of the Kubernetes documentation; `lastUpdateTime` is when progress was last made. */
function progressingCondition(input: StatusInput, counts: DeploymentStatus): { condition?: DeploymentCondition; requeueAfterMs?: number } {
  const { deployment, current, nowMs } = input;
  const deadlineSeconds = deployment.spec?.progressDeadlineSeconds ?? noDeadline;
  if (deadlineSeconds === noDeadline) return {};
  const before = deployment.status?.conditions?.find((c) => c.type === 'Progressing');
  const touched = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const because = (status: string, reason: string, message: string): DeploymentCondition => ({ type: 'Progressing', status, reason, message, lastUpdateTime: touched });

  if (deployment.spec?.paused === true) return { condition: before?.reason === 'DeploymentPaused' ? before : because('Unknown', 'DeploymentPaused', 'Deployment is paused') };
  if (before?.reason === 'DeploymentPaused') return { condition: because('Unknown', 'DeploymentResumed', 'Deployment is resumed'), requeueAfterMs: 0 };

  const set = `ReplicaSet "${current?.metadata?.name ?? deployment.metadata?.name}"`;
  if (input.creating) return { condition: because('True', 'NewReplicaSetCreated', `A new ${set} was made`), requeueAfterMs: deadlineSeconds * 1_000 };
  const wasComplete = before?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  if (wasComplete && isComplete(deployment, counts)) return { condition: before };
  if (isComplete(deployment, counts)) return { condition: because('True', 'NewReplicaSetAvailable', `${set} has successfully progressed.`) };
  if (wasComplete) return { condition: before };
  if (before === undefined) return { condition: because('True', 'FoundNewReplicaSet', `Found new ${set}`), requeueAfterMs: deadlineSeconds * 1_000 };
  if (madeProgress(deployment.status ?? {}, counts) || before.reason === 'NewReplicaSetAvailable') {
    return { condition: because('True', 'ReplicaSetUpdated', `${set} is progressing.`), requeueAfterMs: deadlineSeconds * 1_000 };
  }
  if (before.reason === 'ProgressDeadlineExceeded') return { condition: before };
  const leftMs = Date.parse(before.lastUpdateTime ?? touched) + deadlineSeconds * 1_000 - nowMs;
  if (leftMs > 0) return { condition: before, requeueAfterMs: leftMs };
  return { condition: because('False', 'ProgressDeadlineExceeded', `${set} has timed out progressing.`) };
}

function madeProgress(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = (s: DeploymentStatus): number => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** A condition that says the same as before keeps its times; one that keeps its status keeps its transition time. */
function keepTimes(deployment: Deployment, next: DeploymentCondition, nowMs: number): DeploymentCondition {
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const before = deployment.status?.conditions?.find((c) => c.type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now;
  const unchanged = before?.status === next.status && before.reason === next.reason;
  const lastUpdateTime = next.type === 'Progressing' ? (next.lastUpdateTime ?? now) : unchanged ? before.lastUpdateTime : now;
  return { type: next.type, status: next.status, lastUpdateTime, lastTransitionTime, reason: next.reason, message: next.message };
}
