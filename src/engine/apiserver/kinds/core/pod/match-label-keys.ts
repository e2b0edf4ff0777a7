import type { LabelSelector, PodSpec } from '../../../../../kubernetes/types.generated.ts';

interface Term { matchLabelKeys?: string[]; mismatchLabelKeys?: string[]; labelSelector?: LabelSelector }

/** Turns the keys whose values a new pod gives itself into terms of the selectors beside them. Source: KEP-3633, KEP-3243. */
export function fillMatchLabelKeys(spec: PodSpec, labels: Record<string, string> | undefined): void {
  if (labels === undefined) return;
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec.affinity?.[side];
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) fill(term, labels);
    for (const weighted of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) fill(weighted.podAffinityTerm, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) fill(constraint, labels);
}

function fill(term: Term, labels: Record<string, string>): void {
  const { labelSelector: selector } = term;
  if (selector === undefined) return;
  for (const [keys, operator] of [[term.matchLabelKeys, 'In'], [term.mismatchLabelKeys, 'NotIn']] as const) {
    for (const key of keys ?? []) if (labels[key] !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [labels[key]] });
  }
}
