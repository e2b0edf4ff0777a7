import type { AggregationRule, PolicyRule, RoleRef, RbacV1Subject as Subject } from '../../../../kubernetes/types.generated.ts';
import { dnsSubdomain, pathSegmentName } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';

const GROUP = 'rbac.authorization.k8s.io';
const base = { group: GROUP, version: 'v1', name: pathSegmentName, anyFinalizer: false } as const;

function validateRule(rule: PolicyRule, namespaced: boolean, path: string, found: Findings): void {
  if ((rule.verbs?.length ?? 0) === 0) found.required(`${path}.verbs`, 'at least one is needed');
  if ((rule.nonResourceURLs?.length ?? 0) > 0) {
    if (namespaced) found.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, 'has no meaning in a namespace');
    if ((rule.apiGroups?.length ?? 0) > 0 || (rule.resources?.length ?? 0) > 0 || (rule.resourceNames?.length ?? 0) > 0) found.invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, 'excludes resources');
    return;
  }
  if ((rule.apiGroups?.length ?? 0) === 0) found.required(`${path}.apiGroups`, 'at least one is needed');
  if ((rule.resources?.length ?? 0) === 0) found.required(`${path}.resources`, 'at least one is needed');
}

function validateRules(object: KindObject, namespaced: boolean, found: Findings): void {
  (object['rules'] as PolicyRule[] | null | undefined)?.forEach((rule, i) => validateRule(rule, namespaced, `rules[${i}]`, found));
}

function emptyRulesAreNull(object: KindObject): void {
  if ((object['rules'] as unknown[] | null)?.length === 0) object['rules'] = null;
}

export const role: KindRules = { ...base, kind: 'Role', namespaced: true, default: emptyRulesAreNull, validate: (object, found) => validateRules(object, true, found) };

export const clusterRole: KindRules = {
  ...base, kind: 'ClusterRole', namespaced: false,
  default: emptyRulesAreNull,
  validate(object, found) {
    validateRules(object, false, found);
    const aggregation = object['aggregationRule'] as AggregationRule | undefined;
    if (aggregation === undefined) return;
    const selectors = aggregation.clusterRoleSelectors ?? [];
    if (selectors.length === 0) found.required('aggregationRule.clusterRoleSelectors', 'at least one is needed');
    selectors.forEach((selector, i) => {
      const at = `aggregationRule.clusterRoleSelectors[${i}]`;
      validateLabelSelector(selector, at, found);
      if (selectorMatches(selector, {}) === undefined) found.invalid(at, selector, 'is not a selector');
    });
  },
};

function bindingRules(kind: 'RoleBinding' | 'ClusterRoleBinding'): KindRules {
  const namespaced = kind === 'RoleBinding';
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  return {
    ...base, kind, namespaced,
    default(object) {
      const ref = object['roleRef'] as RoleRef;
      if (ref.apiGroup === '') ref.apiGroup = GROUP;
      for (const subject of (object['subjects'] as Subject[] | undefined) ?? []) if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= GROUP;
    },
    validate(object, found) {
      const ref = object['roleRef'] as RoleRef;
      if (ref.apiGroup !== GROUP) found.notSupported('roleRef.apiGroup', ref.apiGroup, [GROUP]);
      if (!kinds.includes(ref.kind)) found.notSupported('roleRef.kind', ref.kind, kinds);
      if (ref.name === '') found.required('roleRef.name');
      else found.eachInvalid('roleRef.name', ref.name, pathSegmentName(ref.name));
      (object['subjects'] as Subject[] | undefined)?.forEach((subject, i) => validateSubject(subject, namespaced, `subjects[${i}]`, found));
    },
    validateUpdate(object, old, found) {
      found.immutable('roleRef', object['roleRef'], old['roleRef']);
    },
  };
}

export const roleBinding = bindingRules('RoleBinding');
export const clusterRoleBinding = bindingRules('ClusterRoleBinding');

function validateSubject(subject: Subject, namespaced: boolean, path: string, found: Findings): void {
  if (subject.name === '') found.required(`${path}.name`);
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name !== '') found.eachInvalid(`${path}.name`, subject.name, dnsSubdomain(subject.name));
      if ((subject.apiGroup ?? '') !== '') found.notSupported(`${path}.apiGroup`, subject.apiGroup, ['']);
      if (!namespaced && (subject.namespace ?? '') === '') found.required(`${path}.namespace`);
      break;
    case 'User':
    case 'Group':
      if (subject.apiGroup !== GROUP) found.notSupported(`${path}.apiGroup`, subject.apiGroup, [GROUP]);
      break;
    default:
      found.notSupported(`${path}.kind`, subject.kind, ['ServiceAccount', 'User', 'Group']);
  }
}
