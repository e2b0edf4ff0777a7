import type { KindRules } from '../built-in-kind.ts';

const HIGHEST_USER_PRIORITY = 1_000_000_000;
const POLICIES = new Set(['Never', 'PreemptLowerPriority']);
const SYSTEM = new Set(['system-cluster-critical', 'system-node-critical']);

export const priorityClass: KindRules = {
  group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass', namespaced: false, generation: 'created',
  default(object) {
    object['preemptionPolicy'] ??= 'PreemptLowerPriority';
  },
  validate(object, found) {
    const name = object.metadata.name ?? '';
    const value = object['value'] as number;
    if (name.startsWith('system-')) {
      if (!SYSTEM.has(name)) found.forbidden('metadata.name', 'names that begin with system- are reserved');
    } else if (value > HIGHEST_USER_PRIORITY) found.forbidden('value', `must be at most ${HIGHEST_USER_PRIORITY}`);
    found.requiredEnum('preemptionPolicy', object['preemptionPolicy'] as string, POLICIES);
  },
  validateUpdate(object, old, found) {
    if (object['value'] !== old['value']) found.forbidden('value', 'cannot be changed');
    found.immutable('preemptionPolicy', object['preemptionPolicy'], old['preemptionPolicy']);
  },
};
