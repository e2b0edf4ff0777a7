import type { ParamKind, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsSubdomain, pathSegmentName } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';
import { defaultMatchResources, validateExpression, validateMatchConditions, validateMatchResources } from './match-rules.ts';

const GROUP = 'admissionregistration.k8s.io';
const FAILURE_POLICIES = new Set(['Fail', 'Ignore']);
const REASONS = new Set(['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']);
const ACTIONS = new Set(['Audit', 'Deny', 'Warn']);
const NOT_FOUND_ACTIONS = new Set(['Allow', 'Deny']);
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

export const validatingAdmissionPolicy: KindRules = {
  group: GROUP, version: 'v1', kind: 'ValidatingAdmissionPolicy', namespaced: false, statusKeepsMetadata: true, anyFinalizer: true, needsResourceVersion: true, generation: true,
  default(object) {
    const spec = object['spec'] as ValidatingAdmissionPolicySpec;
    spec.failurePolicy ??= 'Fail';
    defaultMatchResources(spec.matchConstraints);
  },
  validate(object, found) {
    const spec = object['spec'] as ValidatingAdmissionPolicySpec;
    if (spec.failurePolicy === undefined) found.required('spec.failurePolicy');
    else found.optionalEnum('spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES);
    if (spec.paramKind !== undefined) validateParamKind(spec.paramKind, 'spec.paramKind', found);
    if (spec.matchConstraints === undefined) found.required('spec.matchConstraints');
    else {
      validateMatchResources(spec.matchConstraints, 'spec.matchConstraints', found);
      if ((spec.matchConstraints.resourceRules?.length ?? 0) === 0) found.required('spec.matchConstraints.resourceRules');
    }
    validateMatchConditions(spec.matchConditions, 'spec.matchConditions', found);
    spec.variables?.forEach((variable, i) => {
      const at = `spec.variables[${i}]`;
      if (variable.name.trim() === '') found.required(`${at}.name`);
      else if (!IDENTIFIER.test(variable.name)) found.invalid(`${at}.name`, variable.name, 'must be an identifier');
      validateExpression(variable.expression, `${at}.expression`, found, 'any');
    });
    if ((spec.validations?.length ?? 0) === 0 && (spec.auditAnnotations?.length ?? 0) === 0) {
      found.required('spec.validations', 'validations or auditAnnotations is needed');
      found.required('spec.auditAnnotations', 'validations or auditAnnotations is needed');
    }
    validateValidations(spec, found);
    const keys = new Set<string>();
    spec.auditAnnotations?.forEach((annotation, i) => {
      const at = `spec.auditAnnotations[${i}]`;
      found.eachInvalid(`${at}.key`, annotation.key, qualifiedName(`${object.metadata.name ?? ''}/${annotation.key}`));
      if (keys.has(annotation.key)) found.duplicate(`${at}.key`, annotation.key);
      keys.add(annotation.key);
      validateExpression(annotation.valueExpression, `${at}.valueExpression`, found, 'text');
    });
  },
};

function validateValidations(spec: ValidatingAdmissionPolicySpec, found: Findings): void {
  const usable = new Set((spec.variables ?? []).filter((variable) => variable.expression.trim() !== '').map((variable) => variable.name));
  spec.validations?.forEach((validation, i) => {
    const at = `spec.validations[${i}]`;
    validateExpression(validation.expression, `${at}.expression`, found);
    for (const field of ['expression', 'messageExpression'] as const) for (const [, name] of (validation[field] ?? '').matchAll(/\bvariables\.([_a-zA-Z][_a-zA-Z0-9]*)/g)) {
      if (!usable.has(name as string)) found.invalid(`${at}.${field}`, validation[field], `variables.${name} is not declared`);
    }
    if (validation.messageExpression !== undefined && validation.messageExpression.trim() !== '') validateExpression(validation.messageExpression, `${at}.messageExpression`, found, 'string');
    if (validation.messageExpression !== undefined && validation.messageExpression.trim() === '') found.invalid(`${at}.messageExpression`, validation.messageExpression, 'must not be blank');
    if (validation.message !== undefined) {
      if (validation.message.trim() === '') found.invalid(`${at}.message`, validation.message, 'must not be blank');
      else if (validation.message.trim().includes('\n')) found.invalid(`${at}.message`, validation.message, 'must be one line');
    } else if (validation.expression.trim().includes('\n')) found.required(`${at}.message`, 'is needed where the expression has several lines');
    found.optionalEnum(`${at}.reason`, validation.reason, REASONS);
  });
}

function validateParamKind(kind: ParamKind, path: string, found: Findings): void {
  const version = kind.apiVersion ?? '';
  const parts = version.split('/');
  if (version === '') found.required(`${path}.apiVersion`);
  else if (parts.length > 2) found.invalid(`${path}.apiVersion`, version, 'must be group/version');
  else {
    const [group, name] = parts.length === 2 ? [parts[0] as string, parts[1] as string] : ['', parts[0] as string];
    if (group !== '' && dnsSubdomain(group).length > 0) found.invalid(`${path}.apiVersion`, group, dnsSubdomain(group).join('; '));
    if (name === '') found.invalid(`${path}.apiVersion`, version, 'a version is needed');
    else if (dns1035Label(name).length > 0) found.invalid(`${path}.apiVersion`, name, dns1035Label(name).join('; '));
  }
  const name = kind.kind ?? '';
  if (name === '') found.required(`${path}.kind`);
  else if (dns1035Label(name.toLowerCase()).length > 0) found.invalid(`${path}.kind`, name, dns1035Label(name.toLowerCase()).join('; '));
}

export const validatingAdmissionPolicyBinding: KindRules = {
  group: GROUP, version: 'v1', kind: 'ValidatingAdmissionPolicyBinding', namespaced: false, anyFinalizer: true, needsResourceVersion: true, generation: true,
  default: (object) => defaultMatchResources((object['spec'] as ValidatingAdmissionPolicyBindingSpec).matchResources),
  validate(object, found) {
    const spec = object['spec'] as ValidatingAdmissionPolicyBindingSpec;
    const name = spec.policyName ?? '';
    if (name === '') found.required('spec.policyName');
    else found.eachInvalid('spec.policyName', name, dnsSubdomain(name));
    if (spec.paramRef !== undefined) {
      const { name: refName = '', selector, parameterNotFoundAction: action } = spec.paramRef;
      if (refName !== '' && selector !== undefined) {
        found.forbidden('spec.paramRef.name', 'excludes selector');
        found.forbidden('spec.paramRef.selector', 'excludes name');
      } else if (refName === '' && selector === undefined) found.required('spec.paramRef', 'name or selector is needed');
      validateLabelSelector(selector, 'spec.paramRef.selector', found);
      if (refName !== '') found.eachInvalid('spec.paramRef.name', refName, pathSegmentName(refName));
      found.requiredEnum('spec.paramRef.parameterNotFoundAction', action, NOT_FOUND_ACTIONS);
    }
    if (spec.matchResources !== undefined) validateMatchResources(spec.matchResources, 'spec.matchResources', found);
    const actions = spec.validationActions ?? [];
    actions.forEach((action, i) => {
      if (!ACTIONS.has(action)) found.notSupported(`spec.validationActions[${i}]`, action, ACTIONS);
      if (actions.indexOf(action) < i) found.duplicate(`spec.validationActions[${i}]`, action);
    });
    if (actions.includes('Deny') && actions.includes('Warn')) found.invalid('spec.validationActions', actions, 'Deny and Warn exclude each other');
    if (actions.length === 0) found.required('spec.validationActions', 'at least one is needed');
  },
};
