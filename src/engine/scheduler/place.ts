import { controllerOf } from '../../kubernetes/owner-reference.ts';
import { podCondition } from '../../kubernetes/pod-state.ts';
import { untolerated } from '../../kubernetes/taint.ts';
import type { Node, Pod } from '../../kubernetes/types.generated.ts';
import { allowsNode, preferredNodeWeight } from '../../kubernetes/node-affinity.ts';
import type { NodeState } from './node-state.ts';
import { podRequests, type Resources } from './pod-requests.ts';
import { affinityConflict, preferredPeerWeight, spreadConflict, spreadCost } from './topology.ts';

export type Placement = { readonly type: 'bind'; readonly nodeName: string } | { readonly type: 'unschedulable'; readonly message: string };

/** Chooses the node for a pod: first those that may take it, then the one that suits it best. Ties fall by name, so that equal input gives equal output.
 *  @param refuses what else keeps a pod from a node, completing 'N node(s) …' */
export function place(pod: Pod, all: readonly NodeState[], refuses: (node: Node) => string | undefined = () => undefined): Placement {
  const requests = podRequests(pod);
  const refusals = new Map<string, number>();
  let best: { readonly state: NodeState; readonly score: number } | undefined;
  for (const state of all) {
    const reason = refusal(pod, requests, state, all) ?? refuses(state.node);
    if (reason !== undefined) {
      refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
      continue;
    }
    const score = scoreOf(pod, requests, state, all);
    if (best === undefined || score > best.score || (score === best.score && nameOf(state.node) < nameOf(best.state.node))) best = { state, score };
  }
  if (best !== undefined) return { type: 'bind', nodeName: nameOf(best.state.node) };
  const reasons = [...refusals].map(([reason, count]) => `${count} ${reason}`).toSorted();
  return { type: 'unschedulable', message: all.length === 0 ? 'no nodes available to schedule pods' : `0/${all.length} nodes are available: ${reasons.join(', ')}.` };
}

function nameOf(node: Node): string {
  return node.metadata?.name ?? '';
}

/** The message completes 'N node(s) …'. */
function refusal(pod: Pod, requests: Resources, state: NodeState, all: readonly NodeState[]): string | undefined {
  const { node } = state;
  const unschedulable = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
  if (node.spec?.unschedulable === true && untolerated([unschedulable], pod.spec?.tolerations, ['NoSchedule']) !== undefined) return 'node(s) were unschedulable';
  if (!isNodeReady(node)) return 'node(s) were not ready';
  const taint = untolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']);
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  if (!allowsNode(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  if (portTaken(pod, state)) return "node(s) didn't have free ports for the requested pod ports";
  for (const [name, amount] of requests) {
    // A node that does not say how many pods it takes is not limited.
    const allocatable = state.allocatable.get(name) ?? (name === 'pods' ? Infinity : 0);
    if (amount > 0 && (state.used.get(name) ?? 0) + amount > allocatable) return name === 'pods' ? 'Too many pods' : `Insufficient ${name}`;
  }
  const affinity = affinityConflict(pod, state, all) ?? spreadConflict(pod, state, all);
  return affinity === undefined ? undefined : `node(s) ${affinity}`;
}

function isNodeReady(node: Node): boolean {
  return node.metadata?.deletionTimestamp === undefined && node.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
}

function portTaken(pod: Pod, state: NodeState): boolean {
  const portsOf = (p: Pod): { port: number; protocol: string; ip: string }[] =>
    (p.spec?.containers ?? []).flatMap((c) => (c.ports ?? []).flatMap((x) => (x.hostPort ? [{ port: x.hostPort, protocol: x.protocol ?? 'TCP', ip: x.hostIP ?? '0.0.0.0' }] : [])));
  const wanted = portsOf(pod);
  if (wanted.length === 0) return false;
  const taken = state.pods.flatMap(portsOf);
  return wanted.some((w) => taken.some((t) => t.port === w.port && t.protocol === w.protocol && (t.ip === w.ip || t.ip === '0.0.0.0' || w.ip === '0.0.0.0')));
}

/** Higher is better: wishes first, then spreading the pods of one owner, then free room. */
function scoreOf(pod: Pod, requests: Resources, state: NodeState, all: readonly NodeState[]): number {
  const owner = controllerOf(pod)?.uid;
  const siblings = owner === undefined ? 0 : state.pods.filter((p) => controllerOf(p)?.uid === owner).length;
  const reluctance = untolerated(state.node.spec?.taints, pod.spec?.tolerations, ['PreferNoSchedule']) === undefined ? 0 : 200;
  const wishes = preferredNodeWeight(pod, state.node) + preferredPeerWeight(pod, state, all);
  return wishes - reluctance - 10 * spreadCost(pod, state, all) - 5 * siblings + freeShare(requests, state);
}

/** Mean share of cpu, memory and pods that stays free, 0 to 1. */
function freeShare(requests: Resources, { allocatable, used }: NodeState): number {
  const shares = ['cpu', 'memory', 'pods'].flatMap((name) => {
    const total = allocatable.get(name) ?? 0;
    return total > 0 ? [1 - ((used.get(name) ?? 0) + (requests.get(name) ?? 0)) / total] : [];
  });
  return shares.length === 0 ? 0 : shares.reduce((a, b) => a + b, 0) / shares.length;
}

export function isWaiting(pod: Pod, schedulerName: string): boolean {
  return (
    (pod.spec?.nodeName ?? '') === '' &&
    (pod.spec?.schedulerName ?? 'default-scheduler') === schedulerName &&
    pod.metadata?.deletionTimestamp === undefined &&
    (pod.spec?.schedulingGates ?? []).length === 0 &&
    pod.status?.phase !== 'Failed' &&
    pod.status?.phase !== 'Succeeded'
  );
}

export function saysUnschedulable(pod: Pod, message: string): boolean {
  const condition = podCondition(pod, 'PodScheduled');
  return condition?.status === 'False' && condition.message === message;
}
