import type { LeaseSpec } from '../../../../kubernetes/types.generated.ts';
import type { KindRules } from '../built-in-kind.ts';

export const lease: KindRules = {
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', namespaced: true, anyFinalizer: true, needsResourceVersion: true,
  default(object) {
    // Coordinated election is known to Kubernetes 1.35, and switched off.
    delete object['spec'].strategy;
    delete object['spec'].preferredHolder;
  },
  validate(object, found) {
    const spec = object['spec'] as LeaseSpec;
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) found.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be more than 0');
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) found.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be 0 or more');
  },
};
