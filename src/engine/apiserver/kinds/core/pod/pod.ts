import type { PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { equal } from '../../../patch/json.ts';
import type { Findings } from '../../../validation/field-error.ts';
import type { KindRules } from '../../built-in-kind.ts';
import { defaultPod } from './defaults.ts';
import { fillMatchLabelKeys } from './match-label-keys.ts';
import { appArmorWarnings, fillAppArmor, validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { qosClass } from './qos-class.ts';
import { nameWarnings, podWarnings } from './warnings.ts';
import { validatePodSpec } from './validate-spec.ts';

/** What an update of a running pod may change in a container; and in the spec beside containers. */
const MUTABLE = new Set(['activeDeadlineSeconds', 'tolerations', 'schedulingGates', 'nodeSelector', 'affinity']);

export const pod: KindRules = {
  group: '', version: 'v1', kind: 'Pod', namespaced: true, generation: true,
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
  validateUpdate(object, old, found) {
    const spec = object['spec'] as Record<string, unknown>, before = old['spec'] as Record<string, unknown>;
    // What was accepted stays accepted: most updates of pods are of labels, annotations and owners.
    if (equal(spec, before)) return;
    validatePodSpec(object['spec'] as PodSpec, 'spec', found, 'pod', object.metadata.name);
    const gated = ((old['spec'] as PodSpec).schedulingGates?.length ?? 0) > 0;
    for (const field of new Set([...Object.keys(spec), ...Object.keys(before)])) {
      if (field === 'containers' || field === 'initContainers') {
        if (!equal(withoutImages(spec[field]), withoutImages(before[field]))) {
          found.forbidden('spec', `only the image of ${field} can be changed`);
          return;
        }
        continue;
      }
      if ((field === 'nodeSelector' || field === 'affinity') && !gated ? true : !MUTABLE.has(field)) {
        if (!equal(spec[field], before[field])) {
          found.forbidden('spec', `${field} of a pod cannot be changed`);
          return;
        }
      }
    }
    const tolerations = (before['tolerations'] as unknown[] | undefined) ?? [];
    const kept = new Set(((spec['tolerations'] as unknown[] | undefined) ?? []).map((t) => JSON.stringify({ ...(t as object), tolerationSeconds: 0 })));
    if (tolerations.some((t) => !kept.has(JSON.stringify({ ...(t as object), tolerationSeconds: 0 })))) found.forbidden('spec.tolerations', 'tolerations can only be added');
  },
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

function withoutImages(containers: unknown): unknown {
  return (containers as Record<string, unknown>[] | undefined)?.map(({ image: _image, ...rest }) => rest);
}
