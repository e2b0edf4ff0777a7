import { Pods, ReplicaSets } from '../../../client/kinds.ts';
import { keyOf, type ObjectKey } from '../../../client/resource.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { Expectations } from '../../../runtime/expectations.ts';
import { apply } from './apply.ts';
import { observe } from './observe.ts';
import { reconcile } from './reconcile.ts';

/** Keeps as many pods of a ReplicaSet's template as it asks for. */
export const replicaSetController: ControllerFactory = (context) => {
  const expectations = new Expectations(context.clock);
  const writer = { client: context.client, clock: context.clock, expectations, events: createEventRecorder(context, 'replicaset-controller') };
  const replicaSets = context.informer(ReplicaSets);

  replicaSets.onChange(({ previous, current }) => {
    if (current === undefined) expectations.forget(previous?.metadata?.uid ?? '');
  });
  context.informer(Pods).onChange(({ previous, current }) => {
    const pod = current ?? previous;
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (owner?.kind !== 'ReplicaSet' || pod === undefined) return;
    if (previous === undefined) expectations.created(owner.uid);
    if (current === undefined || current.metadata?.deletionTimestamp !== undefined) expectations.deleted(owner.uid, pod.metadata?.uid ?? '');
  });

  const ownersOf = (pod: Pod): readonly ObjectKey[] => {
    const owner = controllerOf(pod);
    const namespace = pod.metadata?.namespace;
    if (owner !== undefined) return owner.kind === 'ReplicaSet' ? [{ namespace, name: owner.name }] : [];
    return replicaSets.list(namespace).flatMap((rs) => (selects(rs.spec?.selector, pod.metadata?.labels) ? [keyOf(rs)] : []));
  };

  return {
    name: 'replicaset',
    sources: [source(ReplicaSets, (rs) => [keyOf(rs)]), source(Pods, ownersOf)],
    workers: 8,
    async reconcile(key) {
      const observed = observe(context, expectations, key);
      if (observed === undefined) return {};
      const decision = reconcile(observed, context.clock.now());
      await apply(writer, observed, decision);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};
