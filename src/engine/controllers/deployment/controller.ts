import { Deployments, Pods, ReplicaSets } from '../../../client/kinds.ts';
import { keyOf, type ObjectKey } from '../../../client/resource.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import type { Pod, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { indexOwners } from '../claim.ts';
import { apply } from './apply.ts';
import { observe } from './observe.ts';
import { reconcile } from './reconcile.ts';

/** Moves a Deployment's pods from template to template by way of ReplicaSets. */
export const deploymentController: ControllerFactory = (context) => {
  const writer = { client: context.client, events: createEventRecorder(context, 'deployment-controller') };
  const deployments = context.informer(Deployments);
  const replicaSets = context.informer(ReplicaSets);
  indexOwners(replicaSets);

  const ownersOf = (rs: ReplicaSet): readonly ObjectKey[] => {
    const owner = controllerOf(rs);
    const namespace = rs.metadata?.namespace;
    if (owner !== undefined) return owner.kind === 'Deployment' ? [{ namespace, name: owner.name }] : [];
    return deployments.list(namespace).flatMap((d) => (selects(d.spec?.selector, rs.metadata?.labels) ? [keyOf(d)] : []));
  };
  /** Only Recreate waits for pods themselves. */
  const recreated = (pod: Pod): readonly ObjectKey[] => {
    const owner = controllerOf(pod);
    const namespace = pod.metadata?.namespace;
    const rs = owner?.kind === 'ReplicaSet' ? replicaSets.get({ namespace, name: owner.name }) : undefined;
    return rs === undefined ? [] : ownersOf(rs).filter((key) => deployments.get(key)?.spec?.strategy?.type === 'Recreate');
  };

  return {
    name: 'deployment',
    sources: [source(Deployments, (d) => [keyOf(d)]), source(ReplicaSets, ownersOf), source(Pods, recreated)],
    workers: 8,
    async reconcile(key) {
      const observed = observe(context, key);
      if (observed === undefined) return {};
      const decision = reconcile(observed, context.clock.now());
      await apply(writer, observed, decision);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: Math.max(decision.requeueAfterMs, 50) };
    },
  };
};
