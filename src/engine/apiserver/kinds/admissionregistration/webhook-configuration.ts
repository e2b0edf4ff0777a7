import type { MutatingWebhook } from '../../../../kubernetes/types.generated.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { dns1035Label } from '../../validation/dns-name.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import type { KindRules } from '../built-in-kind.ts';
import { defaultRules, validateMatchConditions, validateRule } from './match-rules.ts';
import { validateWebhookClient } from './webhook-client.ts';

const FAILURE_POLICIES = new Set(['Fail', 'Ignore']);
const MATCH_POLICIES = new Set(['Equivalent', 'Exact']);
const SIDE_EFFECTS = new Set(['None', 'NoneOnDryRun']);
const REINVOCATION = new Set(['Never', 'IfNeeded']);
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export const validatingWebhookConfiguration = configurationRules('ValidatingWebhookConfiguration');
export const mutatingWebhookConfiguration = configurationRules('MutatingWebhookConfiguration');

function configurationRules(kind: string): KindRules {
  return {
    group: 'admissionregistration.k8s.io', version: 'v1', kind, namespaced: false, anyFinalizer: true, needsResourceVersion: true, generation: true,
    default(object) {
      for (const hook of (object['webhooks'] as MutatingWebhook[] | undefined) ?? []) {
        hook.failurePolicy ??= 'Fail';
        hook.matchPolicy ??= 'Equivalent';
        hook.namespaceSelector ??= {};
        hook.objectSelector ??= {};
        hook.timeoutSeconds ??= 10;
        if (kind.startsWith('Mutating')) hook.reinvocationPolicy ??= 'Never';
        defaultRules(hook.rules);
        if (hook.clientConfig.service !== undefined) hook.clientConfig.service.port ??= 443;
      }
    },
    validate(object, found) {
      const names = new Set<string>();
      (object['webhooks'] as MutatingWebhook[] | undefined)?.forEach((hook, i) => {
        const at = `webhooks[${i}]`;
        validateWebhook(hook, at, found);
        if (hook.name !== '') {
          if (names.has(hook.name)) found.duplicate(`${at}.name`, hook.name);
          names.add(hook.name);
        }
      });
    },
  };
}

/** A name with at least three labels. */
export function validateFullName(name: string, path: string, found: Findings): void {
  if (name === '') {
    found.required(path);
    return;
  }
  const messages = dnsSubdomain(name);
  if (messages.length > 0) found.invalid(path, name, messages.join('; '));
  else if (name.split('.').length < 3) found.invalid(path, name, 'must have at least three parts joined by dots');
}

function validateWebhook(hook: MutatingWebhook, path: string, found: Findings): void {
  validateFullName(hook.name, `${path}.name`, found);
  hook.rules?.forEach((rule, i) => validateRule(rule, `${path}.rules[${i}]`, found));
  found.optionalEnum(`${path}.failurePolicy`, hook.failurePolicy, FAILURE_POLICIES);
  found.optionalEnum(`${path}.matchPolicy`, hook.matchPolicy, MATCH_POLICIES);
  if (hook.sideEffects as unknown === null || hook.sideEffects === undefined) found.required(`${path}.sideEffects`);
  else found.optionalEnum(`${path}.sideEffects`, hook.sideEffects, SIDE_EFFECTS);
  if (hook.timeoutSeconds !== undefined && (hook.timeoutSeconds < 1 || hook.timeoutSeconds > 30)) found.invalid(`${path}.timeoutSeconds`, hook.timeoutSeconds, 'must be from 1 to 30');
  validateLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`, found);
  validateLabelSelector(hook.objectSelector, `${path}.objectSelector`, found);
  found.optionalEnum(`${path}.reinvocationPolicy`, hook.reinvocationPolicy, REINVOCATION);
  validateWebhookClient(hook.clientConfig, `${path}.clientConfig`, found);
  validateMatchConditions(hook.matchConditions, `${path}.matchConditions`, found);
  validateReviewVersions(hook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`, found);
}

/** Versions of the review that a webhook reads: at least one that the server writes. */
export function validateReviewVersions(versions: readonly string[], path: string, found: Findings): void {
  if (versions.length === 0) {
    found.required(path, `one of ${REVIEW_VERSIONS.join(', ')} is needed`);
    return;
  }
  let known = false;
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) found.invalid(`${path}[${i}]`, version, 'is there twice');
    else found.eachInvalid(`${path}[${i}]`, version, dns1035Label(version));
    if (REVIEW_VERSIONS.includes(version)) known = true;
  });
  if (!known) found.invalid(path, versions, `must have one of ${REVIEW_VERSIONS.join(', ')}`);
}
