import type { Deployment, IntOrString, ReplicaSet } from '../../../kubernetes/types.generated.ts';

export interface RollingLimits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Percentages are of the wanted replicas: the surge rounds up, the unavailable down; both 0 would stand still, so then one may be unavailable. */
export function rollingLimits(deployment: Deployment): RollingLimits {
  const wanted = wantedReplicas(deployment);
  if (deployment.spec?.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge ?? '25%', wanted, Math.ceil);
  const unavailable = share(maxUnavailable ?? '25%', wanted, Math.floor);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? Math.min(1, wanted) : Math.min(unavailable, wanted) };
}

/** An absolute number, or a percentage of `total`. */
export function share(value: IntOrString, total: number, round: (n: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100);
}

export function wantedReplicas(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

export const specReplicas = (rs: ReplicaSet): number => rs.spec?.replicas ?? 0;
const available = (rs: ReplicaSet): number => rs.status?.availableReplicas ?? 0;
const sum = (list: readonly ReplicaSet[], of: (rs: ReplicaSet) => number): number => list.reduce((n, rs) => n + of(rs), 0);

/** How many replicas each ReplicaSet is to have next, so that there are never more than wanted plus surge, nor fewer available than wanted less unavailable.
 *  @param current undefined until the ReplicaSet of the present template exists
 *  @returns only those that change */
export function rollingSteps(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const steps = new Map<ReplicaSet, number>();
  if (current === undefined) return steps;
  const wanted = wantedReplicas(deployment);
  const { maxSurge, maxUnavailable } = rollingLimits(deployment);
  const total = specReplicas(current) + sum(old, specReplicas);

  const room = Math.max(0, wanted + maxSurge - total);
  const next = specReplicas(current) > wanted ? wanted : Math.min(wanted, specReplicas(current) + room);
  if (next !== specReplicas(current)) steps.set(current, next);

  const minAvailable = wanted - maxUnavailable;
  const newUnavailable = Math.max(0, specReplicas(current) - available(current));
  let mayGo = total - minAvailable - newUnavailable;
  if (mayGo <= 0) return steps;

  const left = new Map(old.map((rs) => [rs, specReplicas(rs)]));
  // Old pods that do not serve anyway go first, and cost no availability.
  for (const rs of oldestFirst(old)) {
    const broken = Math.min(Math.max(0, specReplicas(rs) - available(rs)), mayGo);
    if (broken <= 0) continue;
    left.set(rs, specReplicas(rs) - broken);
    mayGo -= broken;
  }
  let spare = Math.min(mayGo, sum(old, available) + available(current) - minAvailable);
  for (const rs of oldestFirst(old)) {
    const has = left.get(rs) ?? 0;
    const go = Math.min(has, Math.max(0, spare));
    left.set(rs, has - go);
    spare -= go;
  }
  for (const [rs, replicas] of left) if (replicas !== specReplicas(rs)) steps.set(rs, replicas);
  return steps;
}

/** Shares a change of the wanted size over ReplicaSets that are in the middle of a rollout, in proportion to what they have; what rounding leaves goes to the largest. */
export function proportionalSteps(deployment: Deployment, active: readonly ReplicaSet[]): ReadonlyMap<ReplicaSet, number> {
  const wanted = wantedReplicas(deployment);
  const steps = new Map<ReplicaSet, number>();
  const total = sum(active, specReplicas);
  const allowed = wanted > 0 ? wanted + rollingLimits(deployment).maxSurge : 0;
  let left = allowed - total;
  if (left === 0 || total === 0) return steps;
  const sorted = active.toSorted((a, b) => specReplicas(b) - specReplicas(a) || newestFirst(a, b));
  for (const rs of sorted) {
    const before = Number(rs.metadata?.annotations?.['deployment.kubernetes.io/max-replicas'] ?? total) || total;
    const ideal = Math.round((specReplicas(rs) * allowed) / before) - specReplicas(rs);
    const part = left > 0 ? Math.min(Math.max(ideal, 0), left) : Math.max(Math.min(ideal, 0), left);
    steps.set(rs, Math.max(0, specReplicas(rs) + part));
    left -= part;
  }
  const largest = sorted[0];
  if (largest !== undefined && left !== 0) steps.set(largest, Math.max(0, (steps.get(largest) ?? 0) + left));
  return steps;
}

function newestFirst(a: ReplicaSet, b: ReplicaSet): number {
  return (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? '');
}

export function oldestFirst(list: readonly ReplicaSet[]): ReplicaSet[] {
  return list.toSorted((a, b) => newestFirst(b, a));
}
