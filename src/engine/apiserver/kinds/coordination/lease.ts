import type { LeaseSpec } from '../../../../kubernetes/types.generated.ts';
import type { KindRules } from '../built-in-kind.ts';

const STRATEGIES = new Set(['OldestEmulationVersion']);

export const lease: KindRules = {
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', namespaced: true,
  validate(object, found) {
    const spec = object['spec'] as LeaseSpec;
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) found.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be more than 0');
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) found.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be 0 or more');
    if (spec.strategy !== undefined && !spec.strategy.includes('/')) found.optionalEnum('spec.strategy.strategy', spec.strategy, STRATEGIES);
    if (spec.preferredHolder !== undefined && spec.preferredHolder !== '' && (spec.strategy === undefined || spec.strategy === '')) found.forbidden('spec.preferredHolder', 'needs strategy');
  },
};
