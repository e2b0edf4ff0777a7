import { Leases, Nodes, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { Node, Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder, type EventRecorder } from '../../../runtime/event-recorder.ts';
import { beatOf, Heartbeats } from './heartbeat.ts';
import { reconcile, type NodeAction } from './reconcile.ts';

const leaseNamespace = 'kube-node-lease';
const onNode = 'node-lifecycle/node';
const nodeNameOf = (pod: Pod): readonly string[] => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);

/** Tells which nodes are lost, keeps new pods off them, and after a while moves their pods. */
export const nodeLifecycleController: ControllerFactory = (context) => {
  const heartbeats = new Heartbeats();
  const events = createEventRecorder(context, 'node-controller');
  const nodes = context.informer(Nodes);
  const pods = context.informer(Pods);
  pods.addIndex(onNode, nodeNameOf);
  return {
    name: 'node-lifecycle',
    sources: [
      source(Nodes, (n) => [keyOf(n)]),
      source(Leases, (l) => (l.metadata?.namespace === leaseNamespace ? [{ name: l.metadata.name ?? '' }] : [])),
      // Only a tainted node cares for the pods that come to it.
      source(Pods, (p) => nodeNameOf(p).flatMap((name) => ((nodes.get({ name })?.spec?.taints ?? []).some((t) => t.effect === 'NoExecute') ? [{ name }] : []))),
    ],
    async reconcile({ name }) {
      const node = nodes.get({ name });
      if (node === undefined) {
        heartbeats.forget(name);
        return {};
      }
      const lease = context.informer(Leases).get({ namespace: leaseNamespace, name });
      const nowMs = context.clock.now();
      const decision = reconcile(node, pods.byIndex(onNode, name), heartbeats.look(name, beatOf(node, lease), nowMs), nowMs);
      for (const action of decision.actions) await act(context, events, node, action);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};

async function act({ client, log, clock }: ControllerContext, events: EventRecorder, node: Node, action: NodeAction): Promise<void> {
  const vanished = (e: unknown): void => {
    if (!isNotFound(e) && !isConflict(e)) throw e;
  };
  switch (action.type) {
    case 'markUnknown':
      await client.patch(Nodes, keyOf(node), { status: { conditions: action.conditions } }, { type: 'merge', subresource: 'status' });
      log.warn({ node: node.metadata?.name, reason: 'NodeStatusUnknown' }, 'A node is lost');
      events.event(node, 'Warning', 'NodeNotReady', `Node ${node.metadata?.name} has stopped answering`);
      return;
    case 'setTaints':
      await client.patch(Nodes, keyOf(node), { metadata: { resourceVersion: node.metadata?.resourceVersion }, spec: { taints: action.taints } }, { type: 'merge' });
      return;
    case 'markPodNotReady': {
      const lastTransitionTime = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
      const condition = { type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime };
      await client.patch(Pods, keyOf(action.pod), { status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status' }).catch(vanished);
      return;
    }
    case 'evict':
      events.event(action.pod, 'Normal', 'TaintManagerEviction', `Deleted from node ${node.metadata?.name}, whose taints the pod does not tolerate`);
      await client.delete(Pods, keyOf(action.pod), { uid: action.pod.metadata?.uid }).catch(vanished);
  }
}
