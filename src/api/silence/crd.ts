import { age, column, customResourceDefinition, object, text, time } from '../schema.ts';

export const silenceCrd = customResourceDefinition({
  kind: 'Silence',
  plural: 'silences',
  singular: 'silence',
  description: 'Until its end nobody is told of a service; what is wrong then is told when it ends. It is deleted a day later.',
  spec: object(
    'Of what, until when, and why.',
    {
      service: text('Name of the service, or * for every one of the namespace.', { minLength: 1, maxLength: 63 }),
      rule: text('Only this rule. Default: all.', { maxLength: 63 }),
      until: time('When it ends.'),
      actor: text('Who asked.', { minLength: 1, maxLength: 256 }),
      reason: text('Why.', { minLength: 1, maxLength: 1024 }),
    },
    { required: ['service', 'until', 'actor', 'reason'] },
  ),
  status: object('Nothing yet.', {}),
  columns: [column('Service', '.spec.service', 'Of what.'), column('Rule', '.spec.rule', 'Only this rule.'), column('Until', '.spec.until', 'When it ends.'), column('By', '.spec.actor', 'Who asked.'), column('Reason', '.spec.reason', 'Why.', 'string', 1), age],
});
