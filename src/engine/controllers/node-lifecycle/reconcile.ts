import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import { tolerates } from '../../../kubernetes/taint.ts';
import type { Node, NodeCondition, Pod, Taint } from '../../../kubernetes/types.generated.ts';
import type { Pulse } from './heartbeat.ts';

export type NodeAction =
  | { readonly type: 'markUnknown'; readonly conditions: readonly NodeCondition[] }
  | { readonly type: 'setTaints'; readonly taints: readonly Taint[] }
  | { readonly type: 'markPodNotReady'; readonly pod: Pod }
  | { readonly type: 'evict'; readonly pod: Pod };

export interface NodeDecision {
  readonly actions: readonly NodeAction[];
  readonly requeueAfterMs?: number;
}

const prefix = 'node.kubernetes.io/';
const pressures: Readonly<Record<string, string>> = { MemoryPressure: 'memory-pressure', DiskPressure: 'disk-pressure', PIDPressure: 'pid-pressure', NetworkUnavailable: 'network-unavailable' };
const managed = new Set(['not-ready', 'unreachable', 'unschedulable', ...Object.values(pressures)].map((name) => prefix + name));

/** Rules: the pages 'Nodes' and 'Taints and Tolerations' of the Kubernetes documentation. */
export function reconcile(node: Node, pods: readonly Pod[], pulse: Pulse, nowMs: number): NodeDecision {
  const lost = pulse.type === 'lost';
  const conditions = lost ? unknownConditions(node, nowMs) : (node.status?.conditions ?? []);
  const taints = taintsOf(node, conditions, nowMs);
  const evictions = pods.filter((p) => p.metadata?.deletionTimestamp === undefined).map((pod) => ({ pod, inMs: evictInMs(pod, taints, nowMs) }));
  const due = evictions.filter((e) => e.inMs <= 0);
  const notReady = conditions.find((c) => c.type === 'Ready')?.status === 'Unknown';
  const actions: NodeAction[] = [
    ...(lost && !semanticEqual(conditions, node.status?.conditions) ? [{ type: 'markUnknown' as const, conditions }] : []),
    ...(semanticEqual(taints, node.spec?.taints) ? [] : [{ type: 'setTaints' as const, taints }]),
    ...(notReady ? pods.filter(saysReady).map((pod) => ({ type: 'markPodNotReady' as const, pod })) : []),
    ...due.map(({ pod }) => ({ type: 'evict' as const, pod })),
  ];
  const next = Math.min(pulse.type === 'lost' ? Infinity : pulse.lookAgainInMs, ...evictions.filter((e) => e.inMs > 0).map((e) => e.inMs));
  return Number.isFinite(next) ? { actions, requeueAfterMs: next } : { actions };
}

function saysReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
}

function unknownConditions(node: Node, nowMs: number): NodeCondition[] {
  const now = seconds(nowMs);
  const before = node.status?.conditions ?? [];
  const types = new Set(['Ready', ...before.map((c) => c.type)]);
  return [...types].map((type) => {
    const known = before.find((c) => c.type === type);
    if (known?.status === 'Unknown') return known;
    return { ...known, type, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'The node has stopped renewing its lease and posting its status.', lastTransitionTime: now };
  });
}

/** The taints that the node's conditions ask for, with all that others have set. */
function taintsOf(node: Node, conditions: readonly NodeCondition[], nowMs: number): Taint[] {
  const before = node.spec?.taints ?? [];
  const ready = conditions.find((c) => c.type === 'Ready')?.status;
  const wanted: Taint[] = [];
  const want = (name: string, effects: readonly Taint['effect'][]): void => {
    for (const effect of effects) {
      const key = prefix + name;
      const known = before.find((t) => t.key === key && t.effect === effect);
      wanted.push(known ?? (effect === 'NoExecute' ? { key, effect, timeAdded: seconds(nowMs) } : { key, effect }));
    }
  };
  if (ready === 'False' || ready === undefined) want('not-ready', ['NoSchedule', 'NoExecute']);
  if (ready === 'Unknown') want('unreachable', ['NoSchedule', 'NoExecute']);
  if (node.spec?.unschedulable === true) want('unschedulable', ['NoSchedule']);
  for (const [type, name] of Object.entries(pressures)) if (conditions.some((c) => c.type === type && c.status === 'True')) want(name, ['NoSchedule']);
  return [...before.filter((t) => !managed.has(t.key) || wanted.includes(t)), ...wanted.filter((t) => !before.includes(t))];
}

/** Milliseconds until the pod must go; Infinity where it tolerates all NoExecute taints for ever. */
function evictInMs(pod: Pod, taints: readonly Taint[], nowMs: number): number {
  let earliest = Infinity;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const covering = (pod.spec?.tolerations ?? []).filter((t) => tolerates(t, taint));
    if (covering.length === 0) return 0;
    const limits = covering.flatMap((t) => (t.tolerationSeconds === undefined ? [] : [Math.max(0, t.tolerationSeconds)]));
    if (limits.length === 0) continue;
    const sinceMs = taint.timeAdded === undefined ? nowMs : Date.parse(taint.timeAdded);
    earliest = Math.min(earliest, sinceMs + Math.min(...limits) * 1_000 - nowMs);
  }
  return earliest;
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
