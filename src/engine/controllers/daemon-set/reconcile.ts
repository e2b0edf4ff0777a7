import { allowsNode } from '../../../kubernetes/node-affinity.ts';
import { availableInMs, isReady, isTerminal } from '../../../kubernetes/pod-state.ts';
import { untolerated } from '../../../kubernetes/taint.ts';
import type { DaemonSet, DaemonSetStatus, IntOrString, Node, Pod, Toleration } from '../../../kubernetes/types.generated.ts';

export const revisionLabel = 'controller-revision-hash';

/** What every daemon pod tolerates: it belongs to its node, whatever that one's state. */
export const daemonTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect: 'NoSchedule' })),
];

export interface DaemonSetDecision {
  /** Names of nodes that lack their pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly status: DaemonSetStatus;
  readonly requeueAfterMs?: number;
}

/** The node that a pod is on or, before it is bound, meant for. */
export function nodeOf(pod: Pod): string | undefined {
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return pod.spec?.nodeName || terms?.flatMap((t) => t.matchFields ?? []).find((f) => f.key === 'metadata.name')?.values?.[0];
}

/** Rules: the page 'DaemonSet' of the Kubernetes documentation. */
export function reconcile(set: DaemonSet, nodes: readonly Node[], pods: readonly Pod[], revision: string, settled: boolean, nowMs: number): DaemonSetDecision {
  const onNode = Map.groupBy(pods, (p) => nodeOf(p) ?? '');
  const wanted = new Set(nodes.filter((n) => belongs(set, n)).map((n) => n.metadata?.name ?? ''));
  const waitOf = (p: Pod): number => availableInMs(p, set.spec?.minReadySeconds ?? 0, nowMs);
  const going = (p: Pod): boolean => p.metadata?.deletionTimestamp !== undefined;
  const create: string[] = [];
  const remove = pods.filter((p) => !going(p) && (!wanted.has(nodeOf(p) ?? '') || isTerminal(p)));
  const current: Pod[] = [];
  for (const name of wanted) {
    const live = (onNode.get(name) ?? []).filter((p) => !isTerminal(p));
    const staying = live.filter((p) => !going(p)).toSorted((a, b) => (a.metadata?.creationTimestamp ?? '').localeCompare(b.metadata?.creationTimestamp ?? ''));
    if (live.length === 0 && (onNode.get(name) ?? []).length === 0) create.push(name);
    remove.push(...staying.slice(1));
    if (staying[0] !== undefined) current.push(staying[0]);
  }
  const old = current.filter((p) => p.metadata?.labels?.[revisionLabel] !== revision);
  const available = current.filter((p) => waitOf(p) === 0);
  if (set.spec?.updateStrategy?.type !== 'OnDelete') {
    const mayBeAway = Math.max(1, share(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.size));
    const broken = old.filter((p) => waitOf(p) !== 0);
    const room = Math.max(0, mayBeAway - (wanted.size - available.length));
    remove.push(...broken, ...old.filter((p) => waitOf(p) === 0).slice(0, room));
  }
  const next = Math.min(...current.map(waitOf).filter((ms) => ms > 0));
  const status: DaemonSetStatus = {
    desiredNumberScheduled: wanted.size,
    currentNumberScheduled: current.length,
    numberMisscheduled: pods.filter((p) => !going(p) && !isTerminal(p) && !wanted.has(nodeOf(p) ?? '')).length,
    numberReady: current.filter(isReady).length,
    numberAvailable: available.length,
    numberUnavailable: wanted.size - available.length,
    updatedNumberScheduled: current.length - old.length,
    observedGeneration: set.metadata?.generation,
  };
  const act = settled && set.metadata?.deletionTimestamp === undefined;
  return { create: act ? create : [], remove: act ? remove : [], status, ...(Number.isFinite(next) ? { requeueAfterMs: next } : {}) };
}

function belongs(set: DaemonSet, node: Node): boolean {
  const tolerations = [...(set.spec?.template.spec?.tolerations ?? []), ...daemonTolerations];
  return allowsNode({ spec: set.spec?.template.spec } as Pod, node) && untolerated(node.spec?.taints?.filter((t) => t.key !== 'node.kubernetes.io/not-ready' && t.key !== 'node.kubernetes.io/unreachable'), tolerations, ['NoSchedule', 'NoExecute']) === undefined;
}

function share(value: IntOrString, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * total) / 100);
}
