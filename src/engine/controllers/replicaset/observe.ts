import { Pods } from '../../../client/kinds.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { Expectations } from '../../../runtime/expectations.ts';
import type { Pod, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import type { ReplicatedKind } from './replicated-kind.ts';
import { candidates, claim, type Claim } from '../claim.ts';

export interface ReplicaSetObserved {
  readonly replicaSet: ReplicaSet;
  readonly pods: Claim<Pod>;
  /** False while the informer lags behind this controller's own writes. */
  readonly settled: boolean;
  /** Pods on each node of all controlled pods in the namespace: crowded nodes lose theirs first. */
  readonly podsOnNode: ReadonlyMap<string, number>;
}

export function observe(context: Pick<ControllerContext, 'informer'>, expectations: Expectations, key: ObjectKey, kind: ReplicatedKind): ReplicaSetObserved | undefined {
  const found = context.informer(kind.resource).get(key);
  if (found === undefined) return undefined;
  const replicaSet = kind.asReplicaSet(found);
  const pods = claim(replicaSet, replicaSet.spec?.selector, candidates(context.informer(Pods), found));
  const podsOnNode = new Map<string, number>();
  for (const pod of pods.owned) {
    const node = pod.spec?.nodeName;
    if (node !== undefined) podsOnNode.set(node, (podsOnNode.get(node) ?? 0) + 1);
  }
  return { replicaSet, pods, settled: expectations.satisfied(replicaSet.metadata?.uid ?? ''), podsOnNode };
}
