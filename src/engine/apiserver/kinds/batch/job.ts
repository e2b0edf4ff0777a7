import type { JobSpec, JobTemplateSpec, PodFailurePolicy } from '../../../../kubernetes/types.generated.ts';

import type { Findings } from '../../validation/field-error.ts';
import { dnsLabel, dnsSubdomain, domainPrefixedPath } from '../../validation/dns-name.ts';
import { qualifiedName } from '../../validation/label.ts';
import { isEmptySelector, selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts';
import { validateObjectMeta } from '../../validation/object-meta.ts';
import type { KindRules } from '../built-in-kind.ts';
import { nameWarnings, templateWarnings } from '../core/pod/warnings.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { validatePodTemplate } from '../core/pod/validate-template.ts';
import type { KindObject } from '../strategy.ts';

const MAX_SUCCESS_RULES = 20;
const UNLIMITED = 2147483647;
const RESTART_POLICIES = new Set(['OnFailure', 'Never']);
const COMPLETION_MODES = new Set(['Indexed', 'NonIndexed']);
const REPLACEMENT = new Set(['Failed', 'TerminatingOrFailed']);
const FAILURE_ACTIONS = new Set(['Count', 'FailIndex', 'FailJob', 'Ignore']);
const EXIT_OPERATORS = new Set(['In', 'NotIn']);
const CONDITION_STATUSES = new Set(['False', 'True', 'Unknown']);

export const job: KindRules = {
  group: 'batch', version: 'v1', kind: 'Job', namespaced: true, generation: true,
  warnings: (object, old) => [...(old === undefined ? nameWarnings(object.metadata.name) : []), ...templateWarnings(object['spec'].template, 'spec.template')],
  default(object) {
    const spec = object['spec'] as JobSpec;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : UNLIMITED;
    const labels = spec.template.metadata?.labels;
    if (labels !== undefined && object.metadata.labels === undefined) object.metadata.labels = labels;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    defaultPodFailurePolicy(spec.podFailurePolicy);
    spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
    defaultPodSpec(spec.template.spec!);
  },
  prepare: (object) => ownPods(object),
  validateMetadata(object, found) {
    const { labels, ...rest } = object.metadata;
    const given = isGenerated(labels) ? rest : object.metadata;
    validateObjectMeta(given, { name: dnsSubdomain, namespaced: true }, 'metadata', found);
    const { completionMode, completions = 0 } = object['spec'] as JobSpec;
    if (completionMode === 'Indexed' && completions > 0) found.eachInvalid('metadata.name', given.name, dnsLabel(`${given.name ?? ''}-${completions - 1}`));
  },
  validate(object, found) {
    validateGeneratedSelector(object, found);
    validateJobSpec(object['spec'] as JobSpec, 'spec', found, true);
  },
  validateUpdate(object, old, found) {
    const spec = object['spec'] as JobSpec, before = old['spec'] as JobSpec;
    if (!(spec.completionMode === 'Indexed' && spec.completions === spec.parallelism)) found.immutable('spec.completions', spec.completions, before.completions);
    found.immutable('spec.selector', spec.selector, before.selector);
    const mayMove = before.suspend === true && old['status']?.startTime === undefined;
    found.immutable('spec.template', mayMove ? withoutPlacement(spec.template) : spec.template, mayMove ? withoutPlacement(before.template) : before.template);
    for (const field of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy', 'manualSelector'] as const) found.immutable(`spec.${field}`, spec[field], before[field]);
  },
};

export function defaultPodFailurePolicy(policy: PodFailurePolicy | undefined): void {
  for (const rule of policy?.rules ?? []) for (const condition of rule.onPodConditions ?? []) if (condition.status === '' || condition.status === undefined) condition.status = 'True';
}

const GENERATED = new Set(['controller-uid', 'batch.kubernetes.io/controller-uid', 'job-name', 'batch.kubernetes.io/job-name']);

function isGenerated(labels: Record<string, string> | undefined): boolean {
  return labels !== undefined && Object.keys(labels).every((key) => GENERATED.has(key));
}

/** Labels the pods with the job's name and uid and selects them by it, so that no two jobs share pods. */
function ownPods(object: KindObject): void {
  const spec = object['spec'] as JobSpec;
  if (spec.manualSelector === true) return;
  const uid = object.metadata.uid ?? '';
  const metadata = (spec.template.metadata ??= {});
  const labels = (metadata.labels ??= {});
  const name = object.metadata.name ?? '';
  labels['controller-uid'] ??= uid;
  labels['batch.kubernetes.io/controller-uid'] ??= uid;
  labels['job-name'] ??= name;
  labels['batch.kubernetes.io/job-name'] ??= name;
  if (object.metadata.labels === undefined) object.metadata.labels = { ...labels };
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels['batch.kubernetes.io/controller-uid'] ??= uid;
}

function validateGeneratedSelector(object: KindObject, found: Findings): void {
  const spec = object['spec'] as JobSpec;
  if (spec.manualSelector === true) return;
  const labels = spec.template.metadata?.labels ?? {};
  const uid = object.metadata.uid;
  const path = 'spec.template.metadata.labels';
  for (const [key, wanted] of [['controller-uid', uid], ['batch.kubernetes.io/controller-uid', uid], ['job-name', object.metadata.name], ['batch.kubernetes.io/job-name', object.metadata.name]] as const) {
    const value = labels[key];
    if (value === undefined) found.required(path, `the label ${key} is needed`);
    else if (value !== (wanted ?? '')) found.invalid(path, labels, `the label ${key} must be ${wanted}`);
  }
  const selected = spec.selector?.matchLabels ?? {};
  if (Object.keys(selected).length !== 1 || (spec.selector?.matchExpressions?.length ?? 0) > 0 || selected['batch.kubernetes.io/controller-uid'] !== uid) found.invalid('spec.selector', spec.selector, 'is generated where manualSelector is not true');
}

export function validateJobTemplate(template: JobTemplateSpec, path: string, found: Findings): void {
  const spec = template.spec;
  if (spec === undefined) return;
  if (spec.manualSelector === true) found.notSupported(`${path}.spec.manualSelector`, true, ['null', 'false']);
  if (spec.selector !== undefined) found.invalid(`${path}.spec.selector`, spec.selector, 'is generated for each job');
  validateJobSpec(spec, `${path}.spec`, found, false);
}

function validateJobSpec(spec: JobSpec, path: string, found: Findings, standsAlone: boolean): void {
  for (const field of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) found.nonNegative(`${path}.${field}`, spec[field]);
  if (spec.completionMode !== undefined) {
    found.optionalEnum(`${path}.completionMode`, spec.completionMode, COMPLETION_MODES);
    if (spec.completionMode === 'Indexed') {
      if (spec.completions === undefined) found.required(`${path}.completions`, 'is needed with completionMode Indexed');
      if (spec.parallelism !== undefined && spec.parallelism > 100_000) found.invalid(`${path}.parallelism`, spec.parallelism, 'must be at most 100000 with completionMode Indexed');
      if ((spec.completions ?? 0) > 100_000 && spec.backoffLimitPerIndex !== undefined) {
        if (spec.maxFailedIndexes === undefined) found.required(`${path}.maxFailedIndexes`, 'is needed above 100000 completions');
        else if (spec.maxFailedIndexes > 10_000) found.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'must be at most 10000 above 100000 completions');
        if ((spec.parallelism ?? 0) > 10_000) found.invalid(`${path}.parallelism`, spec.parallelism, 'must be at most 10000 above 100000 completions');
      }
      if (spec.maxFailedIndexes !== undefined && spec.maxFailedIndexes > 100_000) found.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'must be at most 100000');
      if (spec.completions !== undefined && spec.maxFailedIndexes !== undefined && spec.maxFailedIndexes > spec.completions) found.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'must be at most completions');
    }
  }
  if ((spec.completionMode === undefined || spec.completionMode === 'NonIndexed') && spec.backoffLimitPerIndex !== undefined) found.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'needs completionMode Indexed');
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) found.required(`${path}.backoffLimitPerIndex`, 'is needed with maxFailedIndexes');
  if ((spec.completionMode === undefined || spec.completionMode === 'NonIndexed') && spec.maxFailedIndexes !== undefined) found.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'needs completionMode Indexed');
  if (spec.managedBy !== undefined) {
    if (spec.managedBy === '') found.required(`${path}.managedBy`);
    else found.eachInvalid(`${path}.managedBy`, spec.managedBy, domainPrefixedPath(spec.managedBy));
    if (spec.managedBy.length > 63) found.tooLong(`${path}.managedBy`, 'must be at most 63 characters');
  }
  validateFailurePolicy(spec, `${path}.podFailurePolicy`, found);
  if (spec.successPolicy !== undefined) {
    if (spec.completionMode !== 'Indexed') found.invalid(`${path}.successPolicy`, spec.successPolicy, 'needs completionMode Indexed');
    else if ((spec.successPolicy.rules?.length ?? 0) === 0) found.required(`${path}.successPolicy.rules`, 'at least one is needed');
    if ((spec.successPolicy.rules?.length ?? 0) > MAX_SUCCESS_RULES) found.tooMany(`${path}.successPolicy.rules`, `must be at most ${MAX_SUCCESS_RULES}`);
    spec.successPolicy.rules?.forEach((rule, i) => {
      if (rule.succeededCount === undefined && rule.succeededIndexes === undefined) found.required(`${path}.successPolicy.rules[${i}]`, 'succeededCount or succeededIndexes is needed');
      const at = `${path}.successPolicy.rules[${i}]`;
      const completions = spec.completions ?? 0;
      const indexes = rule.succeededIndexes === undefined ? undefined : countIndexes(rule.succeededIndexes, completions);
      if (rule.succeededIndexes !== undefined && indexes === undefined) found.invalid(`${at}.succeededIndexes`, rule.succeededIndexes, 'must be sorted indexes below completions, such as 0-2,4');
      const count = rule.succeededCount;
      if (count === undefined) return;
      found.nonNegative(`${at}.succeededCount`, count);
      if (count > completions) found.invalid(`${at}.succeededCount`, count, 'must be at most completions');
      if (rule.succeededIndexes !== undefined && count > (indexes ?? 0)) found.invalid(`${at}.succeededCount`, count, 'must be at most the number of succeededIndexes');
    });
  }
  if (spec.podReplacementPolicy !== undefined) {
    if (spec.podFailurePolicy === undefined) found.optionalEnum(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, REPLACEMENT);
    else if (spec.podReplacementPolicy !== 'Failed') found.notSupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed']);
  }
  validatePodTemplate(spec.template, `${path}.template`, found);
  const restart = spec.template.spec?.restartPolicy;
  if (restart === undefined || restart === 'Always') found.required(`${path}.template.spec.restartPolicy`, 'must be OnFailure or Never');
  else if (!RESTART_POLICIES.has(restart)) found.notSupported(`${path}.template.spec.restartPolicy`, restart, RESTART_POLICIES);
  else if (spec.podFailurePolicy !== undefined && restart !== 'Never') found.invalid(`${path}.template.spec.restartPolicy`, restart, 'must be Never with podFailurePolicy');
  if (!standsAlone) return;
  if (spec.selector === undefined) {
    found.required(`${path}.selector`);
    found.invalid(`${path}.template.metadata.labels`, spec.template.metadata?.labels, 'must match the selector');
  }
  else {
    validateLabelSelector(spec.selector, `${path}.selector`, found);
    if (!isEmptySelector(spec.selector) && selectorMatches(spec.selector, spec.template.metadata?.labels) === false) found.invalid(`${path}.template.metadata.labels`, spec.template.metadata?.labels, 'must match the selector');
  }
}

/** What a suspended job may not change: all but where its pods go and what they are called. */
function withoutPlacement(template: JobSpec['template']): unknown {
  const { affinity: _affinity, nodeSelector: _nodeSelector, tolerations: _tolerations, schedulingGates: _gates, ...spec } = template.spec ?? {};
  const { labels: _labels, annotations: _annotations, ...metadata } = template.metadata ?? {};
  return { metadata, spec };
}

/** How many indexes a text such as `0-2,4` names; undefined where it is malformed or names one from `completions` on. */
function countIndexes(text: string, completions: number): number | undefined {
  if (text === '') return 0;
  let total = 0;
  let last = -1;
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from <= last || to < from || (match[2] !== undefined && to === from) || to >= completions) return undefined;
    total += to - from + 1;
    last = to;
  }
  return total;
}

function validateFailurePolicy(spec: JobSpec, path: string, found: Findings): void {
  if (spec.podFailurePolicy === undefined) return;
  const rules = spec.podFailurePolicy.rules ?? [];
  if (rules.length > 20) found.tooMany(`${path}.rules`, 'must be at most 20');
  const names = new Set([...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])].map((container) => container.name));
  rules.forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    if (rule.action === '' as string) found.required(`${at}.action`);
    else if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) found.invalid(`${at}.action`, rule.action, 'needs backoffLimitPerIndex');
    else found.optionalEnum(`${at}.action`, rule.action, FAILURE_ACTIONS);
    const codes = rule.onExitCodes;
    if (codes !== undefined) {
      const each = `${at}.onExitCodes`;
      found.requiredEnum(`${each}.operator`, codes.operator, EXIT_OPERATORS);
      if (codes.containerName !== undefined && !names.has(codes.containerName)) found.invalid(`${each}.containerName`, codes.containerName, 'must be a container of the pod');
      const values = codes.values ?? [];
      if (values.length === 0) found.invalid(`${each}.values`, values, 'at least one is needed');
      values.forEach((value, j) => {
        if (codes.operator === 'In' && value === 0) found.invalid(`${each}.values[${j}]`, value, 'must not be 0 with the operator In');
        if (values.indexOf(value) < j) found.duplicate(`${each}.values[${j}]`, value);
      });
      if (values.some((value, j) => j > 0 && value < (values[j - 1] as number))) found.invalid(`${each}.values`, values, 'must be sorted');
    }
    rule.onPodConditions?.forEach((condition, j) => {
      const each = `${at}.onPodConditions[${j}]`;
      found.eachInvalid(`${each}.type`, condition.type, qualifiedName(condition.type));
      found.requiredEnum(`${each}.status`, condition.status, CONDITION_STATUSES);
    });
    if (codes !== undefined && (rule.onPodConditions?.length ?? 0) > 0) found.invalid(at, '', 'one of onExitCodes and onPodConditions may be given');
    if (codes === undefined && (rule.onPodConditions?.length ?? 0) === 0) found.invalid(at, '', 'onExitCodes or onPodConditions is needed');
  });
}

