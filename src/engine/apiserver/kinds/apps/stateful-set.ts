import type { PodTemplateSpec, StatefulSetSpec } from '../../../../kubernetes/types.generated.ts';
import { validateAnnotations, validateLabels } from '../../validation/label.ts';
import { validateClaimSpec } from '../core/persistent-volume-claim-spec.ts';
import { dnsLabel } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateIntOrPercent, validateAtMostAll, countOf } from '../../validation/int-or-percent.ts';
import type { KindRules } from '../built-in-kind.ts';
import { templateWarnings } from '../core/pod/warnings.ts';
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
  warnings: (object) => [...templateWarnings(object['spec'].template, 'spec.template'), ...((object['spec'].revisionHistoryLimit ?? 0) < 0 ? ['spec.revisionHistoryLimit: a negative value keeps all revisions'] : [])],
  default(object) {
    const spec = object['spec'] as StatefulSetSpec;
    spec.podManagementPolicy ??= 'OrderedReady';
    const strategy = (spec.updateStrategy ??= {});
    if (strategy.type === undefined) {
      strategy.type = 'RollingUpdate';
      strategy.rollingUpdate ??= {};
    }
    if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    // Known to Kubernetes 1.35, and switched off.
    delete strategy.rollingUpdate?.maxUnavailable;
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion = 'v1';
      claim.kind = 'PersistentVolumeClaim';
      defaultClaimSpec(claim.spec!);
      claim.status ??= {};
      claim.status.phase ??= 'Pending';
    }
    defaultPodSpec(spec.template.spec!);
  },
  validate(object, found) {
    const spec = object['spec'] as StatefulSetSpec;
    validateSpec(spec, found);
    spec.volumeClaimTemplates?.forEach((claim, i) => validateClaimSpec(claim.spec!, `spec.volumeClaimTemplates[${i}].spec`, found));
  },
  // Claim templates cannot be changed, so that what is wrong with them matters no more.
  updateValidatesAlone: true,
  validateUpdate(object, old, found) {
    validateSpec(object['spec'] as StatefulSetSpec, found);
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
  if (spec.ordinals !== undefined) found.nonNegative('spec.ordinals.start', spec.ordinals.start);
  if (spec.serviceName !== undefined && spec.serviceName !== '') found.eachInvalid('spec.serviceName', spec.serviceName, dnsLabel(spec.serviceName));
  if (validateWorkloadSelector(spec.selector, 'spec.selector', found)) {
    const labels = spec.template.metadata?.labels;
    if (spec.selector == null || (!isEmptySelector(spec.selector) && selectorMatches(spec.selector, labels) === false)) found.invalid('spec.template.metadata.labels', labels, 'must match the selector');
    validatePodTemplate(withClaims(spec), 'spec.template', found);
    validateLabels(labels, 'spec.template.labels', found);
    validateAnnotations(spec.template.metadata?.annotations, 'spec.template.annotations', found);
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

/** The template as its pods will be: a volume for each claim, hostname and subdomain set by the controller. */
function withClaims(spec: StatefulSetSpec): PodTemplateSpec {
  const { hostname: _hostname, subdomain: _subdomain, ...pod } = spec.template.spec!;
  if ((spec.volumeClaimTemplates?.length ?? 0) === 0) return { ...spec.template, spec: pod };
  const claims = new Map((spec.volumeClaimTemplates ?? []).map(({ metadata }) => [metadata?.name ?? '', { name: metadata?.name ?? '', persistentVolumeClaim: { claimName: metadata?.name ?? '' } }]));
  return { ...spec.template, spec: { ...pod, volumes: [...claims.values(), ...(pod.volumes ?? []).filter((volume) => !claims.has(volume.name))] } };
}
