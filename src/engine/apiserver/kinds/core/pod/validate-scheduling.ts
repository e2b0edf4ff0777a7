import type { Affinity, LabelSelector, NodeSelector, NodeSelectorTerm, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '../../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { labelValue, qualifiedName } from '../../../validation/label.ts';
import { validateLabelSelector } from '../../../validation/label-selector.ts';

const EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
const TOLERATION_OPERATORS = new Set(['Equal', 'Exists']);
const UNSATISFIABLE = new Set(['DoNotSchedule', 'ScheduleAnyway']);
const INCLUSION_POLICIES = new Set(['Ignore', 'Honor']);

export function validateTolerations(tolerations: readonly Toleration[] | undefined, path: string, found: Findings): void {
  tolerations?.forEach((toleration, i) => {
    const at = `${path}[${i}]`;
    if (toleration.key !== undefined) found.eachInvalid(`${at}.key`, toleration.key, qualifiedName(toleration.key));
    else if (toleration.operator !== 'Exists') found.invalid(`${at}.operator`, toleration.operator, 'must be Exists where no key is given');
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      found.invalid(`${at}.effect`, toleration.effect, 'must be NoExecute where tolerationSeconds is set');
    }
    switch (toleration.operator ?? 'Equal') {
      case 'Equal': {
        const messages = labelValue(toleration.value ?? '');
        if (messages.length > 0) found.invalid(`${at}.operator`, toleration.value, messages.join('; '));
        break;
      }
      case 'Exists':
        if (toleration.value !== undefined) found.invalid(`${at}.operator`, toleration, 'value must be empty with the operator Exists');
        break;
      default:
        found.notSupported(`${at}.operator`, toleration.operator, TOLERATION_OPERATORS);
    }
    if (toleration.effect !== undefined) found.optionalEnum(`${at}.effect`, toleration.effect, EFFECTS);
  });
}

export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[] | undefined, path: string, found: Findings): void {
  constraints?.forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    if (constraint.maxSkew <= 0) found.invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be more than 0');
    if (constraint.topologyKey === '') found.required(`${at}.topologyKey`);
    if (!UNSATISFIABLE.has(constraint.whenUnsatisfiable)) found.notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, UNSATISFIABLE);
    const repeated = constraints.slice(i + 1).some((other) => other.topologyKey === constraint.topologyKey && other.whenUnsatisfiable === constraint.whenUnsatisfiable);
    if (repeated) found.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `${constraint.topologyKey}/${constraint.whenUnsatisfiable}`);
    if (constraint.minDomains !== undefined) {
      if (constraint.minDomains <= 0) found.invalid(`${at}.minDomains`, constraint.minDomains, 'must be more than 0');
      if (constraint.whenUnsatisfiable !== 'DoNotSchedule') found.invalid(`${at}.minDomains`, constraint.minDomains, 'needs whenUnsatisfiable DoNotSchedule');
    }
    found.optionalEnum(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, INCLUSION_POLICIES);
    found.optionalEnum(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, INCLUSION_POLICIES);
    validateMatchKeys(constraint, at, found);
    validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`, found);
  });
}

/** Keys whose values the pod itself gives; the selector has the terms made of them already. */
function validateMatchKeys(term: { matchLabelKeys?: string[]; mismatchLabelKeys?: string[]; labelSelector?: LabelSelector }, path: string, found: Findings): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[field] ?? [];
    if (keys.length === 0) continue;
    if (labelSelector === undefined) found.forbidden(`${path}.${field}`, 'needs a labelSelector');
    else keys.forEach((key, i) => found.eachInvalid(`${path}.${field}[${i}]`, key, qualifiedName(key)));
  }
  if (labelSelector !== undefined) {
    const used = new Set(Object.keys(labelSelector.matchLabels ?? {}));
    for (const { key } of labelSelector.matchExpressions ?? []) {
      const i = matchLabelKeys.lastIndexOf(key);
      if (i >= 0 && used.has(key)) found.invalid(`${path}[${i}]`, key, 'is in labelSelector too');
      used.add(key);
    }
  }
  matchLabelKeys.forEach((key, i) => {
    if (mismatchLabelKeys.includes(key)) found.invalid(`${path}.matchLabelKeys[${i}]`, key, 'is in mismatchLabelKeys too');
  });
}

export function validateAffinity(affinity: Affinity | undefined, path: string, found: Findings): void {
  if (affinity === undefined) return;
  const node = affinity.nodeAffinity;
  if (node !== undefined) {
    const required = node.requiredDuringSchedulingIgnoredDuringExecution;
    if (required !== undefined) validateNodeSelector(required, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`, found);
    node.preferredDuringSchedulingIgnoredDuringExecution?.forEach((preference, i) => {
      const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      validateWeight(preference.weight, at, found);
      validateNodeSelectorTerm(preference.preference, `${at}.preference`, found, true);
    });
  }
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    const terms = affinity[side];
    if (terms === undefined) continue;
    terms.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => validatePodTerm(term, `${path}.${side}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, found));
    terms.preferredDuringSchedulingIgnoredDuringExecution?.forEach((preference, i) => {
      const at = `${path}.${side}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      validateWeight(preference.weight, at, found);
      validatePodTerm(preference.podAffinityTerm, `${at}.podAffinityTerm`, found);
    });
  }
}

function validateWeight(weight: number, path: string, found: Findings): void {
  if (weight < 1 || weight > 100) found.invalid(`${path}.weight`, weight, 'must be from 1 to 100');
}

export function validateNodeSelector(selector: NodeSelector, path: string, found: Findings): void {
  if ((selector.nodeSelectorTerms?.length ?? 0) === 0) {
    found.required(`${path}.nodeSelectorTerms`, 'at least one term is needed');
    return;
  }
  selector.nodeSelectorTerms.forEach((term, i) => validateNodeSelectorTerm(term, `${path}.nodeSelectorTerms[${i}]`, found));
}

/** @param anyValues a preference may name values that no label can have */
function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string, found: Findings, anyValues = false): void {
  term.matchExpressions?.forEach((expression, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    const count = expression.values?.length ?? 0;
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (count === 0) found.required(`${at}.values`, `is needed with the operator ${expression.operator}`);
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (count > 0) found.forbidden(`${at}.values`, `has no meaning with the operator ${expression.operator}`);
        break;
      case 'Gt':
      case 'Lt':
        if (count !== 1) found.required(`${at}.values`, `one value is needed with the operator ${expression.operator}`);
        break;
      default:
        found.invalid(`${at}.operator`, expression.operator, 'must be In, NotIn, Exists, DoesNotExist, Gt or Lt');
    }
    found.eachInvalid(`${at}.key`, expression.key, qualifiedName(expression.key));
    if (!anyValues) expression.values?.forEach((value, j) => found.eachInvalid(`${at}.values[${j}]`, value, labelValue(value)));
  });
  term.matchFields?.forEach((field, i) => {
    const at = `${path}.matchFields[${i}]`;
    if (field.operator === 'In' || field.operator === 'NotIn') {
      if (field.values?.length !== 1) found.required(`${at}.values`, 'exactly one value is needed');
    } else found.invalid(`${at}.operator`, field.operator, 'must be In or NotIn');
    if (field.key !== 'metadata.name') found.invalid(`${at}.key`, field.key, 'must be metadata.name');
    else field.values?.forEach((value, j) => found.eachInvalid(`${at}.values[${j}]`, value, dnsSubdomain(value)));
  });
}

function validatePodTerm(term: PodAffinityTerm, path: string, found: Findings): void {
  validateLabelSelector(term.labelSelector, `${path}.labelSelector`, found);
  validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`, found);
  term.namespaces?.forEach((namespace) => found.eachInvalid(`${path}.namespace`, namespace, dnsLabel(namespace)));
  validateMatchKeys(term, path, found);
  if (term.topologyKey === '') found.required(`${path}.topologyKey`, 'is needed');
  found.eachInvalid(`${path}.topologyKey`, term.topologyKey, qualifiedName(term.topologyKey));
}
