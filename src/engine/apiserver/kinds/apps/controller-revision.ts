import type { KindRules } from '../built-in-kind.ts';

export const controllerRevision: KindRules = {
  group: 'apps', version: 'v1', kind: 'ControllerRevision', namespaced: true,
  validate(object, found) {
    if (object['data'] === null || object['data'] === undefined) found.required('data', 'data is needed');
    found.nonNegative('revision', object['revision'] as number);
  },
  validateUpdate(object, old, found) {
    found.immutable('data', object['data'], old['data']);
  },
};
