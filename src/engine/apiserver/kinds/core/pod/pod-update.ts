import type { Container, NodeSelectorTerm, PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { equal } from '../../../patch/json.ts';
import type { Findings } from '../../../validation/field-error.ts';
import type { KindObject } from '../../strategy.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { validatePodSpec } from './validate-spec.ts';

/** What an update of a pod may change in the spec, beside images. */
const MUTABLE = new Set(['activeDeadlineSeconds', 'tolerations', 'schedulingGates']);
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

export function validatePodUpdate(object: KindObject, old: KindObject, found: Findings): void {
  const spec = object['spec'] as PodSpec, before = old['spec'] as PodSpec;
  const isSame = equal(spec, before);
  // What was accepted stays accepted: most updates of pods are of labels, annotations and owners.
  if (isSame && equal(object.metadata.annotations, old.metadata.annotations)) return;
  validatePodAnnotations(object.metadata.annotations, spec, found);
  validateProfilesMatch(object.metadata.annotations, spec, found);
  if (isSame) return;
  validatePodSpec(spec, 'spec', found, 'pod', object.metadata.name);
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list]?.length ?? 0) !== (before[list]?.length ?? 0)) {
      found.forbidden(`spec.${list}`, 'containers can neither be added nor removed');
      return;
    }
  }
  const tolerations = new Set((spec.tolerations ?? []).map(withoutSeconds));
  if ((before.tolerations ?? []).some((toleration) => !tolerations.has(withoutSeconds(toleration)))) found.forbidden('spec.tolerations', 'tolerations can only be added');
  const isGated = (before.schedulingGates?.length ?? 0) > 0;
  if (isGated) validateNarrowing(spec, before, found);
  const fixed = [...new Set([...Object.keys(spec), ...Object.keys(before)])].find((field) => !MUTABLE.has(field) && !equal(fixedPart(spec, field, isGated), fixedPart(before, field, isGated)));
  if (fixed !== undefined) found.forbidden('spec', `${fixed} of a pod cannot be changed`);
}

const withoutSeconds = (toleration: object): string => JSON.stringify({ ...toleration, tolerationSeconds: 0 });

/** What must stay of a field. A pod that waits for its gates may be narrowed to fewer nodes. */
function fixedPart(spec: PodSpec, field: string, isGated: boolean): unknown {
  const value = (spec as unknown as Record<string, unknown>)[field];
  if (field === 'containers' || field === 'initContainers') return (value as Container[] | undefined)?.map(({ image: _, ...rest }) => rest);
  if (!isGated) return value;
  if (field === 'nodeSelector') return undefined;
  if (field !== 'affinity') return value;
  const { nodeAffinity: _, ...rest } = spec.affinity ?? {};
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function validateNarrowing(spec: PodSpec, before: PodSpec, found: Findings): void {
  const lost = Object.entries(before.nodeSelector ?? {}).find(([key, value]) => spec.nodeSelector?.[key] !== value);
  if (lost !== undefined) found.invalid('spec.nodeSelector', spec.nodeSelector, `only additions are allowed: ${lost[0]} must stay`);
  const terms = before.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const now = spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const at = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  if (terms.length === 0) return;
  if (now.length !== terms.length) found.invalid(at, now, 'terms can neither be added nor removed');
  else now.forEach((term, i) => {
    if (!isNarrower(term, terms[i] as NodeSelectorTerm)) found.invalid(`${at}[${i}]`, term, 'only additions are allowed');
  });
}

function isNarrower(term: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  return (['matchExpressions', 'matchFields'] as const).every((field) => {
    const old = before[field] ?? [];
    return old.length <= (term[field]?.length ?? 0) && old.every((requirement, i) => equal(requirement, term[field]?.[i]));
  });
}
