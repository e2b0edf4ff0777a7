import type { StatefulSetSpec } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateIntOrPercent, validateAtMostAll, countOf } from '../../validation/int-or-percent.ts';
import type { KindRules } from '../built-in-kind.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { defaultClaimSpec } from '../core/pod/volume-defaults.ts';
import { validatePodTemplate } from '../core/pod/validate-template.ts';
import { isEmptySelector, selectorMatches } from '../../validation/label-selector.ts';
import { validateCounts } from './deployment.ts';
import { requireAlways, validateWorkloadSelector } from './template-rules.ts';

const POLICIES = new Set(['OrderedReady', 'Parallel']);
const RETENTION = new Set(['Retain', 'Delete']);
const MUTABLE = new Set(['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds']);

export const statefulSet: KindRules = {
  group: 'apps', version: 'v1', kind: 'StatefulSet', namespaced: true, generation: true, name: dnsLabel,
  default(object) {
    const spec = object['spec'] as StatefulSetSpec;
    spec.podManagementPolicy ??= 'OrderedReady';
    const strategy = (spec.updateStrategy ??= {});
    if (strategy.type === undefined) strategy.type = 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1';
      claim.kind ??= 'PersistentVolumeClaim';
      defaultClaimSpec(claim.spec!);
      claim.status ??= {};
      claim.status.phase ??= 'Pending';
    }
    defaultPodSpec(spec.template.spec!);
  },
  validate: (object, found) => validateSpec(object['spec'] as StatefulSetSpec, found),
  validateUpdate(object, old, found) {
    const fields = new Set([...Object.keys(object['spec']), ...Object.keys(old['spec'])]);
    for (const field of fields) {
      if (MUTABLE.has(field)) continue;
      if (JSON.stringify(object['spec'][field]) !== JSON.stringify(old['spec'][field])) {
        found.forbidden('spec', `${field} cannot be changed; what can: ${[...MUTABLE].join(', ')}`);
        return;
      }
    }
  },
  validateStatus: (object, _old, found) => validateCounts(object['status'], ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount'], found),
};

function validateSpec(spec: StatefulSetSpec, found: Findings): void {
  if (spec.podManagementPolicy === undefined) found.required('spec.podManagementPolicy');
  else if (!POLICIES.has(spec.podManagementPolicy)) found.invalid('spec.podManagementPolicy', spec.podManagementPolicy, 'must be OrderedReady or Parallel');
  validateStrategy(spec, 'spec.updateStrategy', found);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    found.requiredEnum(`spec.persistentVolumeClaimRetentionPolicy.${field}`, retention?.[field], RETENTION);
  }
  found.nonNegative('spec.replicas', spec.replicas);
  found.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
  found.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (spec.ordinals !== undefined) found.nonNegative('spec.ordinals.start', spec.ordinals.start);
  if (spec.serviceName !== undefined && spec.serviceName !== '') found.eachInvalid('spec.serviceName', spec.serviceName, dnsSubdomain(spec.serviceName));
  if (validateWorkloadSelector(spec.selector, 'spec.selector', found)) {
    const labels = spec.template.metadata?.labels;
    if (!isEmptySelector(spec.selector) && selectorMatches(spec.selector, labels) === false) found.invalid('spec.template.metadata.labels', labels, 'must match the selector');
    validatePodTemplate(spec.template, 'spec.template', found);
  }
  requireAlways(spec.template, 'spec.template', found);
}

function validateStrategy({ updateStrategy = {} }: StatefulSetSpec, path: string, found: Findings): void {
  const { type, rollingUpdate } = updateStrategy;
  if (type === undefined) found.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate !== undefined) found.invalid(`${path}.rollingUpdate`, rollingUpdate, 'has no meaning with the type OnDelete');
  } else if (type === 'RollingUpdate') {
    found.nonNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition);
    const max = rollingUpdate?.maxUnavailable;
    if (max !== undefined) {
      validateIntOrPercent(max, `${path}.rollingUpdate.maxUnavailable`, found);
      if (countOf(max) === 0) found.invalid(`${path}.rollingUpdate.maxUnavailable`, max, 'must not be 0');
      validateAtMostAll(max, `${path}.rollingUpdate.maxUnavailable`, found);
    }
  } else found.invalid(path, updateStrategy, 'must be RollingUpdate or OnDelete');
}
