import type { ReplicaSetSpec } from '../../../../kubernetes/types.generated.ts';
import type { KindRules } from '../built-in-kind.ts';
import { nameWarnings, templateWarnings } from '../core/pod/warnings.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { validateCounts, validateParts } from './deployment.ts';
import { validateRunningTemplate, validateWorkloadSelector } from './template-rules.ts';

export const replicaSet: KindRules = {
  group: 'apps', version: 'v1', kind: 'ReplicaSet', namespaced: true, generation: true,
  warnings: (object, old) => [...(old === undefined ? nameWarnings(object.metadata.name) : []), ...templateWarnings(object['spec'].template, 'spec.template')],
  default(object) {
    const spec = object['spec'] as ReplicaSetSpec;
    spec.replicas ??= 1;
    if (spec.template?.spec !== undefined) defaultPodSpec(spec.template.spec);
  },
  validate(object, found) {
    const spec = object['spec'] as ReplicaSetSpec;
    found.nonNegative('spec.replicas', spec.replicas);
    found.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    if (validateWorkloadSelector(spec.selector, 'spec.selector', found) && spec.template !== undefined) validateRunningTemplate(spec.template, spec.selector, 'spec.template', found);
  },
  validateUpdate(object, old, found) {
    found.immutable('spec.selector', object['spec'].selector, old['spec'].selector);
  },
  validateStatus: (object, _old, found) => {
    validateCounts(object['status'], ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'], found);
    validateParts(object['status'], ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], found);
  },
};
