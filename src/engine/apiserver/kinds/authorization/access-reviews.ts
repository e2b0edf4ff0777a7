import type { Findings } from '../../validation/field-error.ts';
import { labelValue, qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';

const GROUP = 'authorization.k8s.io';

interface Requirement { key?: string; operator?: string; values?: string[] }
interface SelectorAttributes { rawSelector?: string; requirements?: Requirement[] }
interface ResourceAttributes { namespace?: string; labelSelector?: SelectorAttributes; fieldSelector?: SelectorAttributes }
interface Spec { user?: string; groups?: string[]; resourceAttributes?: ResourceAttributes; nonResourceAttributes?: object }

const emptyMetadata = (object: KindObject, found: Findings, allowed: readonly string[] = []): void => {
  // What the server says of a request is not the client's.
  if (Object.keys(object.metadata).some((field) => !['creationTimestamp', 'managedFields', ...allowed].includes(field))) found.invalid('metadata', object.metadata, 'must be empty');
};

/** A question is about a resource or about a path. */
function validateSubject(spec: Spec, found: Findings): void {
  if (spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined) found.invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'excludes resourceAttributes');
  if (spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined) found.invalid('spec.resourceAttributes', undefined, 'resourceAttributes or nonResourceAttributes is needed');
}

function validateUser(spec: Spec, found: Findings): void {
  if ((spec.user ?? '') === '' && (spec.groups?.length ?? 0) === 0) found.invalid('spec.user', spec.user, 'user or groups is needed');
}

function validateSelectors({ resourceAttributes }: Spec, found: Findings): void {
  for (const field of ['fieldSelector', 'labelSelector'] as const) {
    const selector = resourceAttributes?.[field];
    if (selector === undefined) continue;
    const at = `spec.resourceAttributes.${field}`;
    const { rawSelector = '', requirements = [] } = selector;
    if (rawSelector !== '' && requirements.length > 0) found.invalid(`${at}.rawSelector`, rawSelector, 'excludes requirements');
    if (rawSelector === '' && requirements.length === 0) found.required(`${at}.requirements`, 'requirements or rawSelector is needed');
    requirements.forEach((requirement, i) => validateRequirement(requirement, field, `${at}.requirements[${i}]`, found));
  }
}

/** An operator that is not known here may be known to whoever asks. */
function validateRequirement({ key = '', operator, values = [] }: Requirement, kind: 'fieldSelector' | 'labelSelector', path: string, found: Findings): void {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) found.required(`${path}.values`, `is needed with the operator ${operator}`);
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) found.forbidden(`${path}.values`, `has no meaning with the operator ${operator}`);
  if (kind === 'fieldSelector') {
    if (key === '') found.required(`${path}.key`);
    return;
  }
  found.eachInvalid(`${path}.key`, key, qualifiedName(key));
  values.forEach((value, i) => found.eachInvalid(`${path}.values[${i}]`, value, labelValue(value)));
}

export const subjectAccessReview: KindRules = {
  group: GROUP, version: 'v1', kind: 'SubjectAccessReview', namespaced: false,
  validateMetadata: (object, found) => emptyMetadata(object, found),
  validate(object, found) {
    const spec = object['spec'] as Spec;
    validateSubject(spec, found);
    validateUser(spec, found);
    validateSelectors(spec, found);
  },
};

export const selfSubjectAccessReview: KindRules = {
  group: GROUP, version: 'v1', kind: 'SelfSubjectAccessReview', namespaced: false,
  validateMetadata: (object, found) => emptyMetadata(object, found),
  validate(object, found) {
    const spec = object['spec'] as Spec;
    validateSubject(spec, found);
    validateSelectors(spec, found);
  },
};

export const localSubjectAccessReview: KindRules = {
  group: GROUP, version: 'v1', kind: 'LocalSubjectAccessReview', namespaced: true,
  validateMetadata: (object, found) => emptyMetadata(object, found, ['namespace']),
  validate(object, found) {
    const spec = object['spec'] as Spec;
    validateSubject(spec, found);
    validateUser(spec, found);
    validateSelectors(spec, found);
    const namespace = spec.resourceAttributes?.namespace ?? '';
    if (spec.resourceAttributes !== undefined && namespace !== object.metadata.namespace) found.invalid('spec.resourceAttributes.namespace', namespace, 'must be metadata.namespace');
    if (spec.nonResourceAttributes !== undefined) found.invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'paths are in no namespace');
  },
};

/** Questions whose metadata nobody looks at. */
export const otherReviews: readonly KindRules[] = [
  { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenReview', namespaced: false, validateMetadata: () => undefined },
  { group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview', namespaced: false, validateMetadata: () => undefined },
  { group: GROUP, version: 'v1', kind: 'SelfSubjectRulesReview', namespaced: false, validateMetadata: () => undefined },
];
