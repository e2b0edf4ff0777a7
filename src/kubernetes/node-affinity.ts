import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from './types.generated.ts';

/** Whether the pod's nodeSelector and required node affinity allow the node. */
export function allowsNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** One term is enough. */
export const matchesNodeSelector = ({ nodeSelectorTerms }: NodeSelector, node: Node): boolean => nodeSelectorTerms.some((term) => matchesTerm(term, node));

/** Sum of the weights of the preferred terms that the node fulfils. */
export function preferredNodeWeight(pod: Pod, node: Node): number {
  const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0);
}

/** An empty term matches nothing. */
function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return expressions.every((r) => matches(r, node.metadata?.labels?.[r.key])) && fields.every((r) => matches(r, r.key === 'metadata.name' ? node.metadata?.name : undefined));
}

function matches({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
