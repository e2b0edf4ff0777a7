import { Deployments, PodDisruptionBudgets, Pods, ReplicaSets, StatefulSets } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import { isActive, isReady } from '../../../kubernetes/pod-state.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { IntOrString, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { indexLabels, indexSelectors, selectorIndex, thatMaySelect, withLabels } from '../label-index.ts';

/** An eviction that has not shown itself after this time did not happen. */
const disruptedForMs = 120_000;

const bySelector = selectorIndex(({ spec }: PodDisruptionBudget) => spec?.selector && (spec.selector.matchLabels ?? {}));

/** Says how many pods of a budget may go at once. */
export const disruptionBudgetController: ControllerFactory = (context) => {
  const budgets = context.informer(PodDisruptionBudgets);
  indexSelectors(budgets, bySelector);
  indexLabels(context.informer(Pods));
  return {
    name: 'disruption-budget',
    sources: [
      source(PodDisruptionBudgets, (b) => [keyOf(b)]),
      source(Pods, (p) => thatMaySelect(budgets, p.metadata?.namespace, p.metadata?.labels).filter((b) => selects(b.spec?.selector, p.metadata?.labels)).map(keyOf)),
      source(Deployments, () => []),
      source(ReplicaSets, () => []),
      source(StatefulSets, () => []),
    ],
    async reconcile(key) {
      const budget = budgets.get(key);
      if (budget === undefined) return {};
      const pods = withLabels(context.informer(Pods), key.namespace, budget.spec?.selector?.matchLabels ?? {}).filter((p) => isActive(p) && selects(budget.spec?.selector, p.metadata?.labels));
      const status = budgetStatus(budget, pods, expectedPods(context, pods), context.clock.now());
      if (!semanticEqual(withoutZeros(budget.status), withoutZeros(status))) {
        await context.client.patch(PodDisruptionBudgets, key, { metadata: { resourceVersion: budget.metadata?.resourceVersion }, status }, { subresource: 'status' });
      }
      return Object.keys(status.disruptedPods ?? {}).length > 0 ? { requeueAfterMs: disruptedForMs } : {};
    },
  };
};

/** What the owners of the pods want to run together; pods without an owner count as themselves. */
function expectedPods(context: ControllerContext, pods: readonly Pod[]): number {
  const owners = new Map<string, number>();
  let bare = 0;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const namespace = pod.metadata?.namespace;
    if (owner === undefined) bare += 1;
    else if (owner.kind === 'ReplicaSet') {
      const set = context.informer(ReplicaSets).get({ namespace, name: owner.name });
      const above = set === undefined ? undefined : controllerOf(set);
      const deployment = above?.kind === 'Deployment' ? context.informer(Deployments).get({ namespace, name: above.name }) : undefined;
      owners.set(deployment?.metadata?.uid ?? owner.uid, deployment?.spec?.replicas ?? set?.spec?.replicas ?? 0);
    } else if (owner.kind === 'StatefulSet') owners.set(owner.uid, context.informer(StatefulSets).get({ namespace, name: owner.name })?.spec?.replicas ?? 0);
    else bare += 1;
  }
  return bare + [...owners.values()].reduce((a, b) => a + b, 0);
}

export function budgetStatus(budget: PodDisruptionBudget, pods: readonly Pod[], expected: number, nowMs: number): PodDisruptionBudgetStatus {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const of = (value: IntOrString): number => (typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * expected) / 100));
  // A plain number of pods that must stay needs no owner to be understood.
  const expectedPods = typeof minAvailable === 'number' ? pods.length : expected;
  const desiredHealthy = maxUnavailable !== undefined ? Math.max(0, expected - of(maxUnavailable)) : of(minAvailable ?? 0);
  const names = new Set(pods.map((p) => p.metadata?.name));
  const disruptedPods = Object.fromEntries(Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, at]) => names.has(name) && nowMs - Date.parse(at) < disruptedForMs));
  const currentHealthy = pods.filter((p) => isReady(p) && disruptedPods[p.metadata?.name ?? ''] === undefined).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const before = budget.status?.conditions?.find((c) => c.type === 'DisruptionAllowed');
  const allowed = disruptionsAllowed > 0 ? 'True' : 'False';
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed,
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: budget.metadata?.generation,
    lastTransitionTime: before?.status === allowed ? before.lastTransitionTime : new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  return { observedGeneration: budget.metadata?.generation, currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed, disruptedPods, conditions: [condition] };
}

function withoutZeros(status: PodDisruptionBudgetStatus | undefined): unknown {
  return Object.fromEntries(Object.entries(status ?? {}).filter(([, v]) => v !== 0));
}
