import { Nodes, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';

const onNode = 'pod-garbage-collector/node';
const nodeNameOf = (pod: Pod): readonly string[] => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
/** A node that registers again within this time keeps its pods. */
const quarantineMs = 40_000;

/** Removes the pods of nodes that are no longer there: nobody else would ever end them. */
export const podGarbageCollectorController: ControllerFactory = (context) => {
  const nodes = context.informer(Nodes);
  const pods = context.informer(Pods);
  const missingSinceMs = new Map<string, number>();
  pods.addIndex(onNode, nodeNameOf);
  return {
    name: 'pod-garbage-collector',
    sources: [source(Nodes, (n) => [keyOf(n)]), source(Pods, (p) => nodeNameOf(p).flatMap((name) => (nodes.get({ name }) === undefined ? [{ name }] : [])))],
    async reconcile({ name }) {
      const stranded = pods.byIndex(onNode, name);
      if (nodes.get({ name }) !== undefined || stranded.length === 0) {
        missingSinceMs.delete(name);
        return {};
      }
      const nowMs = context.clock.now();
      const sinceMs = missingSinceMs.get(name) ?? nowMs;
      missingSinceMs.set(name, sinceMs);
      if (nowMs - sinceMs < quarantineMs) return { requeueAfterMs: quarantineMs - (nowMs - sinceMs) };
      for (const pod of stranded) {
        context.log.info({ namespace: pod.metadata?.namespace, name: pod.metadata?.name, node: name, reason: 'NodeGone' }, 'Removing a pod whose node is gone');
        await context.client.delete(Pods, keyOf(pod), { uid: pod.metadata?.uid, gracePeriodSeconds: 0 }).catch((e: unknown) => {
          if (!isNotFound(e) && !isConflict(e)) throw e;
        });
      }
      return {};
    },
  };
};
