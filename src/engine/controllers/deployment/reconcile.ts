import { controllerReference } from '../../../kubernetes/owner-reference.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import type { DeploymentObserved } from './observe.ts';
import { copiedAnnotations, currentAnnotations, desiredAnnotation, findCurrent, hashLabel, maxAnnotation, revisionAnnotation, revisionOf, templateHash } from './revision.ts';
import { oldestFirst, proportionalSteps, rollingLimits, rollingSteps, specReplicas, wantedReplicas } from './rolling-update.ts';
import { isComplete, statusOf } from './status.ts';

export type DeploymentAction =
  | { readonly type: 'create'; readonly replicaSet: ReplicaSet }
  | { readonly type: 'update'; readonly replicaSet: ReplicaSet; readonly replicas: number; readonly annotations: Readonly<Record<string, string>> }
  | { readonly type: 'annotate'; readonly revision: number }
  | { readonly type: 'delete'; readonly replicaSet: ReplicaSet };

export interface DeploymentDecision {
  readonly actions: readonly DeploymentAction[];
  readonly status: DeploymentStatus;
  readonly requeueAfterMs?: number;
}

export function reconcile(observed: DeploymentObserved, nowMs: number): DeploymentDecision {
  const { deployment } = observed;
  const all = oldestFirst(observed.replicaSets.owned);
  const current = findCurrent(deployment, all);
  const old = all.filter((rs) => rs !== current);
  const actions = deployment.metadata?.deletionTimestamp === undefined ? [...steps(observed, all, current, old)] : [];
  const creating = actions.some((a) => a.type === 'create');
  const decided = statusOf({ deployment, current, old, creating, nowMs });
  if (isComplete(deployment, decided.status)) actions.push(...superfluous(deployment, old));
  return { actions, ...decided };
}

function* steps(observed: DeploymentObserved, all: readonly ReplicaSet[], current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Generator<DeploymentAction> {
  const { deployment } = observed;
  const resized = isResized(deployment, all);
  if (deployment.spec?.paused === true || resized) {
    yield* scale(deployment, all, sizeSteps(deployment, current, all), undefined);
    return;
  }
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  const newest = Math.max(revision, revisionOf(current));
  if (current === undefined) {
    if (deployment.spec?.strategy?.type !== 'Recreate' || !old.some((rs) => stillRuns(observed, rs))) yield { type: 'create', replicaSet: newReplicaSet(deployment, old, newest) };
    else yield* scale(deployment, old, new Map(old.map((rs) => [rs, 0])), undefined);
  } else if (deployment.spec?.strategy?.type === 'Recreate') {
    const ended = !old.some((rs) => stillRuns(observed, rs));
    const next = new Map(old.map((rs) => [rs, 0]));
    if (ended) next.set(current, wantedReplicas(deployment));
    yield* scale(deployment, all, next, { current, revision: newest });
  } else yield* scale(deployment, all, rollingSteps(deployment, current, old), { current, revision: newest });
  if (Number(deployment.metadata?.annotations?.[revisionAnnotation] ?? 0) !== newest) yield { type: 'annotate', revision: newest };
}

function stillRuns(observed: DeploymentObserved, rs: ReplicaSet): boolean {
  return specReplicas(rs) > 0 || (rs.status?.replicas ?? 0) > 0 || observed.running.has(rs.metadata?.name ?? '');
}

/** Whether the wanted size has changed since the ReplicaSets were last written. */
function isResized(deployment: Deployment, all: readonly ReplicaSet[]): boolean {
  return all.some((rs) => specReplicas(rs) > 0 && rs.metadata?.annotations?.[desiredAnnotation] !== undefined && Number(rs.metadata.annotations[desiredAnnotation]) !== wantedReplicas(deployment));
}

/** What a new size alone asks for; the rollout itself stands still meanwhile. */
function sizeSteps(deployment: Deployment, current: ReplicaSet | undefined, all: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const active = all.filter((rs) => specReplicas(rs) > 0);
  const only = active.length === 0 ? (current ?? all.at(-1)) : active.length === 1 ? active[0] : undefined;
  if (only !== undefined) return new Map([[only, wantedReplicas(deployment)]]);
  if (deployment.spec?.strategy?.type === 'Recreate') return new Map();
  return proportionalSteps(deployment, active);
}

/** Writes sizes, and brings the annotations of those that run, and of the current one, up to date. */
function* scale(deployment: Deployment, all: readonly ReplicaSet[], next: ReadonlyMap<ReplicaSet, number>, rollout: { readonly current: ReplicaSet; readonly revision: number } | undefined): Generator<DeploymentAction> {
  const sizes = sizeAnnotations(deployment);
  for (const replicaSet of all) {
    const replicas = next.get(replicaSet) ?? specReplicas(replicaSet);
    const base = replicaSet === rollout?.current ? currentAnnotations(deployment, replicaSet, rollout.revision) : {};
    const annotations = replicas > 0 || replicaSet === rollout?.current || replicas !== specReplicas(replicaSet) ? { ...base, ...sizes } : base;
    const stale = Object.entries(annotations).some(([key, value]) => replicaSet.metadata?.annotations?.[key] !== value);
    if (replicas !== specReplicas(replicaSet) || stale) yield { type: 'update', replicaSet, replicas, annotations };
  }
}

function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = wantedReplicas(deployment);
  return { [desiredAnnotation]: String(wanted), [maxAnnotation]: String(wanted + rollingLimits(deployment).maxSurge) };
}

function newReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], revision: number): ReplicaSet {
  const wanted = wantedReplicas(deployment);
  const hash = templateHash(deployment.spec?.template, deployment.status?.collisionCount ?? 0);
  const running = old.reduce((n, rs) => n + specReplicas(rs), 0);
  const room = deployment.spec?.strategy?.type === 'Recreate' ? wanted : Math.max(0, wanted + rollingLimits(deployment).maxSurge - running);
  const template = deployment.spec?.template;
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata?.name}-${hash}`,
      namespace: deployment.metadata?.namespace,
      labels,
      annotations: { ...copiedAnnotations(deployment), ...sizeAnnotations(deployment), [revisionAnnotation]: String(revision) },
      ownerReferences: [controllerReference(deployment, 'apps/v1', 'Deployment')],
    },
    spec: {
      replicas: Math.min(wanted, room),
      minReadySeconds: deployment.spec?.minReadySeconds,
      selector: { ...deployment.spec?.selector, matchLabels: { ...deployment.spec?.selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  } as ReplicaSet;
}

/** Old ReplicaSets beyond the history limit, oldest revision first. */
function superfluous(deployment: Deployment, old: readonly ReplicaSet[]): DeploymentAction[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const idle = old.filter((rs) => rs.metadata?.deletionTimestamp === undefined && specReplicas(rs) === 0 && (rs.status?.replicas ?? 0) === 0 && (rs.status?.observedGeneration ?? 0) >= (rs.metadata?.generation ?? 0));
  return idle
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, old.length - limit))
    .map((replicaSet) => ({ type: 'delete', replicaSet }));
}
