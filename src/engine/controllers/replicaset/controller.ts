import { Pods } from '../../../client/kinds.ts';
import { keyOf, type ObjectKey } from '../../../client/resource.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { Expectations } from '../../../runtime/expectations.ts';
import { indexOwners } from '../claim.ts';
import { apply } from './apply.ts';
import { observe } from './observe.ts';
import { replicaSets, replicationControllers, type ReplicatedKind } from './replicated-kind.ts';
import { reconcile } from './reconcile.ts';

/** Keeps as many pods of a template as its owner asks for. */
const controllerFor = (kind: ReplicatedKind): ControllerFactory => (context) => {
  const expectations = new Expectations(context.clock);
  const writer = { client: context.client, clock: context.clock, expectations, events: createEventRecorder(context, `${kind.name}-controller`), kind };
  const owners = context.informer(kind.resource);
  indexOwners(context.informer(Pods));

  owners.onChange(({ previous, current }) => {
    if (current === undefined) expectations.forget(previous?.metadata?.uid ?? '');
  });
  context.informer(Pods).onChange(({ previous, current }) => {
    const pod = current ?? previous;
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (owner?.kind !== kind.kind || pod === undefined) return;
    if (previous === undefined) expectations.created(owner.uid);
    if (current === undefined || current.metadata?.deletionTimestamp !== undefined) expectations.deleted(owner.uid, pod.metadata?.uid ?? '');
  });

  const ownersOf = (pod: Pod): readonly ObjectKey[] => {
    const owner = controllerOf(pod);
    const namespace = pod.metadata?.namespace;
    if (owner !== undefined) return owner.kind === kind.kind ? [{ namespace, name: owner.name }] : [];
    return owners.list(namespace).flatMap((object) => (selects(kind.asReplicaSet(object).spec?.selector, pod.metadata?.labels) ? [keyOf(object)] : []));
  };

  return {
    name: kind.name,
    sources: [source(kind.resource, (object) => [keyOf(object)]), source(Pods, ownersOf)],
    workers: 8,
    async reconcile(key) {
      const observed = observe(context, expectations, key, kind);
      if (observed === undefined) return {};
      const decision = reconcile(observed, context.clock.now());
      await apply(writer, observed, decision);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};

export const replicaSetController = controllerFor(replicaSets);
export const replicationControllerController = controllerFor(replicationControllers);
