import { selects } from '../../kubernetes/label-selector.ts';
import type { LabelSelector, Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from '../../kubernetes/types.generated.ts';
import { allowsNode } from '../../kubernetes/node-affinity.ts';
import type { NodeState } from './node-state.ts';

function domainOf(node: Node, key: string): string | undefined {
  return node.metadata?.labels?.[key];
}

/** `matchLabelKeys` narrow the selector to pods that share the incoming pod's values. */
function narrowed(selector: LabelSelector | undefined, keys: readonly string[] | undefined, pod: Pod): LabelSelector | undefined {
  if (selector === undefined || keys === undefined) return selector;
  const own = Object.fromEntries(keys.flatMap((k) => (pod.metadata?.labels?.[k] === undefined ? [] : [[k, pod.metadata.labels[k]]])));
  return { ...selector, matchLabels: { ...selector.matchLabels, ...own } };
}

function isPeer(term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const everywhere = term.namespaceSelector !== undefined && Object.keys(term.namespaceSelector).length === 0;
  const namespaces = term.namespaces?.length ? term.namespaces : [owner.metadata?.namespace ?? ''];
  return (everywhere || namespaces.includes(other.metadata?.namespace ?? '')) && selects(narrowed(term.labelSelector, term.matchLabelKeys, owner), other.metadata?.labels);
}

/** How many matching pods run in the node's domain. */
function peersInDomain(term: PodAffinityTerm, pod: Pod, node: Node, all: readonly NodeState[]): number {
  const domain = domainOf(node, term.topologyKey);
  if (domain === undefined) return 0;
  return all.filter((s) => domainOf(s.node, term.topologyKey) === domain).reduce((n, s) => n + s.pods.filter((p) => isPeer(term, pod, p)).length, 0);
}

/** Why required pod affinity or anti-affinity, the pod's own or that of pods already there, forbids the node. */
export function affinityConflict(pod: Pod, state: NodeState, all: readonly NodeState[]): string | undefined {
  for (const term of pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (domainOf(state.node, term.topologyKey) === undefined) return "didn't match pod affinity rules";
    if (peersInDomain(term, pod, state.node, all) > 0) continue;
    // The first pod of a group that asks for its own company may start alone.
    const first = isPeer(term, pod, pod) && all.every((s) => s.pods.every((p) => !isPeer(term, pod, p)));
    if (!first) return "didn't match pod affinity rules";
  }
  for (const term of pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (peersInDomain(term, pod, state.node, all) > 0) return "didn't match pod anti-affinity rules";
  }
  for (const other of all) {
    for (const there of other.pods) {
      for (const term of there.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const domain = domainOf(other.node, term.topologyKey);
        if (domain !== undefined && domain === domainOf(state.node, term.topologyKey) && isPeer(term, there, pod)) return "didn't satisfy existing pods anti-affinity rules";
      }
    }
  }
  return undefined;
}

/** Weighted wish for (positive) or against (negative) the node by preferred pod affinity. */
export function preferredPeerWeight(pod: Pod, state: NodeState, all: readonly NodeState[]): number {
  const weigh = (terms: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined): number =>
    (terms ?? []).reduce((sum, { weight, podAffinityTerm }) => sum + weight * peersInDomain(podAffinityTerm, pod, state.node, all), 0);
  const affinity = pod.spec?.affinity;
  return weigh(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution) - weigh(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
}

interface Spread {
  /** Matching pods by domain, over the nodes that the pod may use. */
  readonly counts: ReadonlyMap<string, number>;
  readonly least: number;
}

function spreadOf(constraint: TopologySpreadConstraint, pod: Pod, all: readonly NodeState[]): Spread {
  const counts = new Map<string, number>();
  const selector = narrowed(constraint.labelSelector, constraint.matchLabelKeys, pod);
  for (const state of all) {
    const domain = domainOf(state.node, constraint.topologyKey);
    if (domain === undefined || (constraint.nodeAffinityPolicy !== 'Ignore' && !allowsNode(pod, state.node))) continue;
    const matching = state.pods.filter((p) => p.metadata?.namespace === pod.metadata?.namespace && p.metadata?.deletionTimestamp === undefined && selects(selector, p.metadata?.labels)).length;
    counts.set(domain, (counts.get(domain) ?? 0) + matching);
  }
  const enough = counts.size >= (constraint.minDomains ?? 1);
  return { counts, least: enough && counts.size > 0 ? Math.min(...counts.values()) : 0 };
}

export function spreadConflict(pod: Pod, state: NodeState, all: readonly NodeState[]): string | undefined {
  for (const constraint of pod.spec?.topologySpreadConstraints ?? []) {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') continue;
    const domain = domainOf(state.node, constraint.topologyKey);
    if (domain === undefined) return "didn't match pod topology spread constraints (missing required label)";
    const { counts, least } = spreadOf(constraint, pod, all);
    const self = selects(narrowed(constraint.labelSelector, constraint.matchLabelKeys, pod), pod.metadata?.labels) ? 1 : 0;
    if ((counts.get(domain) ?? 0) + self - least > constraint.maxSkew) return "didn't match pod topology spread constraints";
  }
  return undefined;
}

/** How many matching pods the node's domains hold already, over all soft constraints. */
export function spreadCost(pod: Pod, state: NodeState, all: readonly NodeState[]): number {
  return (pod.spec?.topologySpreadConstraints ?? []).reduce((cost, constraint) => cost + (spreadOf(constraint, pod, all).counts.get(domainOf(state.node, constraint.topologyKey) ?? '') ?? 0), 0);
}
