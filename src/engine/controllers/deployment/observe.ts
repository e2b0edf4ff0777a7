import { Deployments, Pods, ReplicaSets } from '../../../client/kinds.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import { isTerminal } from '../../../kubernetes/pod-state.ts';
import type { Deployment, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import { candidates, claim, type Claim } from '../claim.ts';

export interface DeploymentObserved {
  readonly deployment: Deployment;
  readonly replicaSets: Claim<ReplicaSet>;
  /** Names of ReplicaSets whose pods have not all ended; read for the strategy Recreate only. */
  readonly running: ReadonlySet<string>;
}

export function observe(context: Pick<ControllerContext, 'informer'>, key: ObjectKey): DeploymentObserved | undefined {
  const deployment = context.informer(Deployments).get(key);
  if (deployment === undefined) return undefined;
  const replicaSets = claim(deployment, deployment.spec?.selector, candidates(context.informer(ReplicaSets), deployment));
  const running = new Set<string>();
  if (deployment.spec?.strategy?.type === 'Recreate') {
    for (const pod of context.informer(Pods).list(key.namespace)) {
      const owner = controllerOf(pod);
      if (owner?.kind === 'ReplicaSet' && !isTerminal(pod)) running.add(owner.name);
    }
  }
  return { deployment, replicaSets, running };
}
