import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';
import { age, column, customResourceDefinition, integer, list, mapOf, object, rules, text } from '../schema.ts';

const seconds = (description: string): JSONSchemaProps => integer(description, { minimum: 0, maximum: 31_536_000 });

const selector = object('What may go beside what Aweigh made itself. Absent: nothing.', {
  matchLabels: mapOf('Labels that must all be there.', text('Value of the label.')),
  matchExpressions: list(
    'Rules that must all hold.',
    object('One rule.', { key: text('Label.'), operator: text('How it is compared.', { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] }), values: list('Values of In and NotIn.', text('Value.')) }, { required: ['key', 'operator'] }),
  ),
}, rules(['(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)', 'An empty selector would take everything: name a label, or leave the selector away']));

export const healthPolicyCrd = customResourceDefinition({
  kind: 'HealthPolicy',
  plural: 'healthpolicies',
  singular: 'healthpolicy',
  description: 'What health means in a namespace, and what may be cleaned up there. The one in aweigh-system holds for every namespace that has none.',
  spec: object('The rules.', {
    routers: object('Routers of a service without an Application.', {
      replicas: integer('Wanted routers. Default 4.', { minimum: 1, maximum: 100 }),
      floor: integer('Available routers under which health is critical. Default 2.', { minimum: 1, maximum: 100 }),
    }),
    endpointFloor: integer('Ready endpoints under which a track of a service without an Application is critical. Default 2.', { minimum: 1, maximum: 1000 }),
    tracks: list('Tracks that every service without an Application has to have. Default: those that it has.', text('Name of a track.', { maxLength: 63 }), { maxItems: 10 }),
    warnAfterSeconds: seconds('How long a difference in numbers may last before it is told; what is critical is told at once. Default 30.'),
    forgottenAfterSeconds: seconds('A version that no track holds was forgotten when it is so old. Default 600.'),
    stuckAfterSeconds: seconds('A release that says nothing new for so long is stuck. Default 1800.'),
    personAfterSeconds: seconds('A release that waits for a person for so long was forgotten. Default 86400.'),
    cleanUp: object('What becomes of forgotten versions.', {
      mode: text('Off: they are shown. Delete: they are deleted.', { enum: ['Off', 'Delete'] }),
      afterSeconds: seconds('Age from which a forgotten version may go. Default 86400.'),
      selector,
    }),
  }),
  status: object('Nothing yet.', {}),
  columns: [column('Clean-up', '.spec.cleanUp.mode', 'What becomes of forgotten versions.'), age],
  validations: rules(["self.metadata.name == 'default'", "A namespace has one HealthPolicy and its name is 'default'"]),
});
