import type { PodSpec } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import type { KindRules } from '../../built-in-kind.ts';
import { defaultPod } from './defaults.ts';
import { fillMatchLabelKeys } from './match-label-keys.ts';
import { appArmorWarnings, fillAppArmor, validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { validatePodUpdate } from './pod-update.ts';
import { qosClass } from './qos-class.ts';
import { nameWarnings, podWarnings } from './warnings.ts';
import { validatePodSpec } from './validate-spec.ts';

export const pod: KindRules = {
  group: '', version: 'v1', kind: 'Pod', namespaced: true, generation: true, statusKeeps: ['ownerReferences', 'deletionTimestamp'],
  default: (object) => defaultPod(object['spec'] as PodSpec),
  prepare(object, context) {
    const spec = object['spec'] as PodSpec;
    if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
    const status: Record<string, unknown> = { phase: 'Pending', qosClass: qosClass(spec) };
    if ((spec.schedulingGates?.length ?? 0) > 0) {
      status['conditions'] = [{ type: 'PodScheduled', status: 'False', lastProbeTime: null, lastTransitionTime: context.now, reason: 'SchedulingGated', message: 'Waits for its scheduling gates' }];
    }
    object['status'] = status;
    fillMatchLabelKeys(spec, object.metadata.labels);
    fillAppArmor(object.metadata.annotations, spec);
  },
  validate(object, found) {
    const spec = object['spec'] as PodSpec;
    validatePodAnnotations(object.metadata.annotations, spec, found);
    validatePodSpec(spec, 'spec', found, 'pod', object.metadata.name);
    validateImages(spec, found);
    validateProfilesMatch(object.metadata.annotations, spec, found);
    if ((spec.schedulingGates?.length ?? 0) > 0 && spec.nodeName !== undefined) found.forbidden('spec.nodeName', 'a pod with scheduling gates has no node');
    if ((spec.ephemeralContainers?.length ?? 0) > 0) found.forbidden('spec.ephemeralContainers', 'are added through the ephemeralcontainers subresource');
  },
  updateValidatesAlone: true,
  validateUpdate: validatePodUpdate,
  earlyWarnings: (object) => appArmorWarnings(object.metadata.annotations, object['spec'] as PodSpec),
  warnings(object, old) {
    if (old !== undefined) return [];
    return [...nameWarnings(object.metadata.name), ...podWarnings(object['spec'] as PodSpec, '', object.metadata.annotations)];
  },
};

/** A template may still hold a space that its owner fills in or trims; a pod may not. */
function validateImages(spec: PodSpec, found: Findings): void {
  for (const list of ['containers', 'initContainers'] as const) spec[list]?.forEach(({ image }, i) => {
    if (image !== undefined && image.trim() !== image) found.invalid(`spec.${list}[${i}].image`, image, 'must not begin or end with a space');
  });
}
