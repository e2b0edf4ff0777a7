import { freezeWindows } from '../application/freeze-schema.ts';
import { age, column, customResourceDefinition, integer, list, object, text } from '../schema.ts';

export const releasePolicyCrd = customResourceDefinition({
  kind: 'ReleasePolicy',
  plural: 'releasepolicies',
  singular: 'releasepolicy',
  scope: 'Cluster',
  description: 'What holds for the releases of many Applications together. Several policies hold all at once.',
  spec: object('What holds.', {
    namespaces: list('Namespaces that it holds for. Absent: every one.', text('Namespace.', { maxLength: 63 }), { minItems: 1, maxItems: 1000, 'x-kubernetes-list-type': 'set' }),
    releasesInMotion: integer('Releases that may be in motion at once; a group of releases counts as one. Rollbacks and hotfixes never wait.', { minimum: 1, maximum: 100000 }),
    freezeWindows,
  }),
  columns: [column('In motion', '.spec.releasesInMotion', 'Releases that may be in motion at once.', 'integer'), column('Namespaces', '.spec.namespaces', 'Namespaces that it holds for.'), age],
});
