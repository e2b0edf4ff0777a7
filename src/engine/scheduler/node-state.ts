import { isTerminal } from '../../kubernetes/pod-state.ts';
import { quantityValue } from '../../kubernetes/quantity.ts';
import type { Node, Pod } from '../../kubernetes/types.generated.ts';
import { add, podRequests, type Resources } from './pod-requests.ts';

/** A node with what it can give and what runs or is about to run on it. */
export interface NodeState {
  readonly node: Node;
  readonly allocatable: Resources;
  readonly used: Resources;
  readonly pods: readonly Pod[];
}

export function nodeState(node: Node, pods: readonly Pod[]): NodeState {
  const running = pods.filter((p) => !isTerminal(p));
  const used = new Map<string, number>();
  for (const pod of running) add(used, podRequests(pod));
  const allocatable = new Map(Object.entries(node.status?.allocatable ?? node.status?.capacity ?? {}).map(([name, value]) => [name, quantityValue(value)]));
  return { node, allocatable, used, pods: running };
}

export function withPod(state: NodeState, pod: Pod): NodeState {
  const used = new Map(state.used);
  add(used, podRequests(pod));
  return { ...state, used, pods: [...state.pods, pod] };
}
