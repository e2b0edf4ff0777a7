import { isReady, podCondition } from '../../../kubernetes/pod-state.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phases = ['Pending', 'Unknown', 'Running'];

/** Which pod goes first when there are too many, as the ReplicaSet page of the Kubernetes documentation orders them:
 *  unassigned, pending, not ready, low deletion cost, on the fuller node, ready for less long, restarted more, younger. */
export function deletionOrder(podsOnNode: ReadonlyMap<string, number>): (a: Pod, b: Pod) => number {
  return (a, b) =>
    Number(a.spec?.nodeName !== undefined) - Number(b.spec?.nodeName !== undefined) ||
    phases.indexOf(a.status?.phase ?? 'Pending') - phases.indexOf(b.status?.phase ?? 'Pending') ||
    Number(isReady(a)) - Number(isReady(b)) ||
    costOf(a) - costOf(b) ||
    (podsOnNode.get(b.spec?.nodeName ?? '') ?? 0) - (podsOnNode.get(a.spec?.nodeName ?? '') ?? 0) ||
    compareTimes(podCondition(b, 'Ready')?.lastTransitionTime, podCondition(a, 'Ready')?.lastTransitionTime) ||
    restartsOf(b) - restartsOf(a) ||
    compareTimes(b.metadata?.creationTimestamp, a.metadata?.creationTimestamp);
}

function costOf(pod: Pod): number {
  return Number(pod.metadata?.annotations?.[costAnnotation] ?? 0) || 0;
}

function restartsOf(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((c) => c.restartCount));
}

function compareTimes(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
