import type { KindRules } from '../built-in-kind.ts';

export const controllerRevision: KindRules = {
  group: 'apps', version: 'v1', kind: 'ControllerRevision', namespaced: true,
  validate(object, found) {
    if (object['data'] === null || typeof object['data'] !== 'object' || Array.isArray(object['data'])) found.required('data', 'data is needed');
    found.nonNegative('revision', object['revision'] as number);
  },
  updateValidatesAlone: true,
  validateUpdate(object, old, found) {
    found.nonNegative('revision', object['revision'] as number);
    found.immutable('data', object['data'], old['data']);
  },
};
