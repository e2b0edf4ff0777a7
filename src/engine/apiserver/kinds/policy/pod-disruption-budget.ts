import type { PodDisruptionBudgetSpec } from '../../../../kubernetes/types.generated.ts';
import { validateAtMostAll, validateIntOrPercent } from '../../validation/int-or-percent.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import type { KindRules } from '../built-in-kind.ts';

const EVICTION_POLICIES = new Set(['AlwaysAllow', 'IfHealthyBudget']);

export const podDisruptionBudget: KindRules = {
  group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', namespaced: true, generation: true, needsResourceVersion: true, lateMetadata: true,
  validate(object, found) {
    const spec = object['spec'] as PodDisruptionBudgetSpec;
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) found.invalid('spec', spec, 'one of minAvailable and maxUnavailable may be set');
    for (const field of ['minAvailable', 'maxUnavailable'] as const) {
      const value = spec[field];
      if (value === undefined) continue;
      validateIntOrPercent(value, `spec.${field}`, found);
      validateAtMostAll(value, `spec.${field}`, found);
    }
    validateLabelSelector(spec.selector, 'spec.selector', found);
    found.optionalEnum('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, EVICTION_POLICIES);
  },
  validateStatus(object, _old, found) {
    for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) found.nonNegative(`status.${field}`, object['status']?.[field]);
  },
};
