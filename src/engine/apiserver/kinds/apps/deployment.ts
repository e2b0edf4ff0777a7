import type { DeploymentSpec } from '../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../validation/field-error.ts';
import { countOf, validateAtMostAll, validateIntOrPercent } from '../../validation/int-or-percent.ts';
import type { KindRules } from '../built-in-kind.ts';
import { nameWarnings, templateWarnings } from '../core/pod/warnings.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { validateRunningTemplate, validateWorkloadSelector } from './template-rules.ts';

const STRATEGIES = new Set(['Recreate', 'RollingUpdate']);

export const deployment: KindRules = {
  group: 'apps', version: 'v1', kind: 'Deployment', namespaced: true, generation: true, annotationsCount: true, statusKeeps: ['labels'],
  warnings: (object, old) => [...(old === undefined ? nameWarnings(object.metadata.name) : []), ...templateWarnings(object['spec'].template, 'spec.template')],
  default(object) {
    const spec = object['spec'] as DeploymentSpec;
    spec.replicas ??= 1;
    const strategy = (spec.strategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= '25%';
      strategy.rollingUpdate.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultPodSpec(spec.template.spec!);
  },
  validate: (object, found) => validateSpec(object['spec'] as DeploymentSpec, 'spec', found),
  validateUpdate(object, old, found) {
    found.immutable('spec.selector', object['spec'].selector, old['spec'].selector);
  },
  validateStatus: (object, _old, found) => {
    validateCounts(object['status'], ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'collisionCount'], found);
    validateParts(object['status'], ['updatedReplicas', 'readyReplicas', 'availableReplicas'], found);
  },
};

export function validateCounts(status: Record<string, number> | undefined, fields: readonly string[], found: Findings): void {
  for (const field of fields) found.nonNegative(`status.${field}`, status?.[field]);
}

/** Parts of the replicas are at most the replicas; what is available is ready. */
export function validateParts(status: Record<string, number> | undefined, fields: readonly string[], found: Findings): void {
  const replicas = status?.['replicas'] ?? 0;
  for (const field of fields) if ((status?.[field] ?? 0) > replicas) found.invalid(`status.${field}`, status?.[field], 'must be at most status.replicas');
  if ((status?.['availableReplicas'] ?? 0) > (status?.['readyReplicas'] ?? 0)) found.invalid('status.availableReplicas', status?.['availableReplicas'], 'must be at most status.readyReplicas');
}

function validateSpec(spec: DeploymentSpec, path: string, found: Findings): void {
  found.nonNegative(`${path}.replicas`, spec.replicas);
  if (validateWorkloadSelector(spec.selector, `${path}.selector`, found)) validateRunningTemplate(spec.template, spec.selector, `${path}.template`, found);
  validateStrategy(spec, `${path}.strategy`, found);
  found.nonNegative(`${path}.minReadySeconds`, spec.minReadySeconds);
  found.nonNegative(`${path}.revisionHistoryLimit`, spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    found.nonNegative(`${path}.progressDeadlineSeconds`, deadline);
    if (deadline <= (spec.minReadySeconds ?? 0)) found.invalid(`${path}.progressDeadlineSeconds`, deadline, 'must be more than minReadySeconds');
  }
}

function validateStrategy({ strategy = {} }: DeploymentSpec, path: string, found: Findings): void {
  if (strategy.type === 'Recreate') {
    if (strategy.rollingUpdate !== undefined) found.forbidden(`${path}.rollingUpdate`, 'has no meaning with the type Recreate');
    return;
  }
  if (strategy.type !== 'RollingUpdate') {
    found.notSupported(path, strategy.type, STRATEGIES);
    return;
  }
  if (strategy.rollingUpdate === undefined) {
    found.required(`${path}.rollingUpdate`);
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate;
  const at = `${path}.rollingUpdate`;
  validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`, found);
  validateIntOrPercent(maxSurge, `${at}.maxSurge`, found);
  if (countOf(maxUnavailable) === 0 && countOf(maxSurge) === 0) found.invalid(`${at}.maxUnavailable`, maxUnavailable, 'must not be 0 where maxSurge is 0 too');
  validateAtMostAll(maxUnavailable, `${at}.maxUnavailable`, found);
}
