import { Nodes, PersistentVolumeClaims, PersistentVolumes, Pods, StorageClasses } from '../../client/kinds.ts';
import { keyOf, keyString, type ObjectKey } from '../../client/resource.ts';
import { isConflict, isNotFound } from '../../client/status-error.ts';
import { SELECTED_NODE } from '../../kubernetes/persistent-volume.ts';
import { isTerminal } from '../../kubernetes/pod-state.ts';
import type { PersistentVolumeClaim, Pod } from '../../kubernetes/types.generated.ts';
import type { ControllerFactory } from '../../runtime/controller.ts';
import { source } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { AssumedPods } from './assumed-pods.ts';
import { nodeState, withPod, type NodeState } from './node-state.ts';
import { isWaiting, place, saysUnschedulable } from './place.ts';
import { claimDemand, type Volumes } from './pod-claims.ts';

const schedulerName = 'default-scheduler';
const onNode = 'scheduler/node';
const nodeNameOf = (pod: Pod): readonly string[] => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
const everyone: ObjectKey = { name: 'waiting-pods' };

/** Binds waiting pods to nodes. One round takes all that wait, the most important and oldest first. */
export const schedulerController: ControllerFactory = (context) => {
  const pods = context.informer(Pods);
  const nodes = context.informer(Nodes);
  const events = createEventRecorder(context, schedulerName);
  const assumed = new AssumedPods();
  const waiting = new Map<string, Pod>();
  pods.addIndex(onNode, nodeNameOf);

  pods.onChange(({ previous, current }) => {
    const pod = current ?? previous;
    if (pod === undefined) return;
    const key = keyString(keyOf(pod));
    if (current !== undefined && isWaiting(current, schedulerName)) waiting.set(key, current);
    else waiting.delete(key);
    if (current === undefined || (current.spec?.nodeName ?? '') !== '') assumed.seen(key);
  });

  const states = (): NodeState[] => nodes.list().map((node) => nodeState(node, [...pods.byIndex(onNode, node.metadata?.name ?? ''), ...assumed.on(node.metadata?.name ?? '')]));

  const bind = async (pod: Pod, nodeName: string): Promise<void> => {
    const key = keyOf(pod);
    assumed.assume(keyString(key), pod, nodeName);
    try {
      await context.client.createSubresource(Pods, key, 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { ...key, uid: pod.metadata?.uid }, target: { apiVersion: 'v1', kind: 'Node', name: nodeName } });
      events.event(pod, 'Normal', 'Scheduled', `Assigned ${keyString(key)} to ${nodeName}`);
    } catch (e) {
      assumed.seen(keyString(key));
      if (!isNotFound(e) && !isConflict(e)) throw e;
    }
  };

  const volumes: Volumes = {
    claim: (namespace, name) => context.informer(PersistentVolumeClaims).get({ namespace, name }),
    volume: (name) => context.informer(PersistentVolumes).get({ name }),
    storageClass: (name) => context.informer(StorageClasses).get({ name }),
  };

  /** Who makes volumes follows it; once they are bound the pod is too. */
  const placeClaim = async (claim: PersistentVolumeClaim, nodeName: string): Promise<void> => {
    if (claim.metadata?.annotations?.[SELECTED_NODE] === nodeName) return;
    await context.client.patch(PersistentVolumeClaims, keyOf(claim), { metadata: { uid: claim.metadata?.uid, annotations: { [SELECTED_NODE]: nodeName } } }).catch((e: unknown) => {
      if (!isNotFound(e) && !isConflict(e)) throw e;
    });
  };

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    if (saysUnschedulable(pod, message)) return;
    const now = new Date(context.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const before = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now };
    events.event(pod, 'Warning', 'FailedScheduling', message);
    await context.client.patch(Pods, keyOf(pod), { metadata: { uid: pod.metadata?.uid }, status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status' }).catch((e: unknown) => {
      if (!isNotFound(e) && !isConflict(e)) throw e;
    });
  };

  return {
    name: 'scheduler',
    workers: 1,
    sources: [
      // A pod that leaves a node makes room; a waiting pod wants it.
      source(Pods, (pod) => (isWaiting(pod, schedulerName) || (waiting.size > 0 && (pod.metadata?.deletionTimestamp !== undefined || isTerminal(pod))) ? [everyone] : [])),
      source(Nodes, () => (waiting.size > 0 ? [everyone] : [])),
      source(PersistentVolumeClaims, () => (waiting.size > 0 ? [everyone] : [])),
      source(PersistentVolumes, () => (waiting.size > 0 ? [everyone] : [])),
      source(StorageClasses, () => (waiting.size > 0 ? [everyone] : [])),
    ],
    async reconcile() {
      const work: Promise<void>[] = [];
      let view = states();
      for (const pod of [...waiting.values()].toSorted(mostImportantFirst)) {
        if (assumed.has(keyString(keyOf(pod)))) continue;
        const demand = claimDemand(pod, volumes, (name) => nodes.get({ name }) !== undefined);
        const placement = demand.type === 'unschedulable' ? demand : place(pod, view, (node) => demand.refuses(node));
        if (placement.type === 'bind') {
          const toPlace = demand.type === 'nodes' ? demand.toPlace : [];
          if (toPlace.length > 0) work.push(...toPlace.map((claim) => placeClaim(claim, placement.nodeName)));
          else work.push(bind(pod, placement.nodeName));
          view = view.map((s) => (s.node.metadata?.name === placement.nodeName ? withPod(s, pod) : s));
        } else work.push(refuse(pod, placement.message));
      }
      const failed = (await Promise.allSettled(work)).find((r) => r.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return {};
    },
  };
};

function mostImportantFirst(a: Pod, b: Pod): number {
  return (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0) || (a.metadata?.creationTimestamp ?? '').localeCompare(b.metadata?.creationTimestamp ?? '') || (a.metadata?.name ?? '').localeCompare(b.metadata?.name ?? '');
}
