import { age, column, customResourceDefinition, integer, list, number, object, rules, text, time } from '../schema.ts';

const severity = text('How bad.', { enum: ['critical', 'warning'] });

export const notificationCrd = customResourceDefinition({
  kind: 'Notification',
  plural: 'notifications',
  singular: 'notification',
  description: 'One message to one channel, from its decision until some days after its delivery. Made by the health controller.',
  spec: object(
    'What is said.',
    {
      channel: text('NotificationChannel of the same namespace.'),
      kind: text('firing: something became wrong. resolved: it is well again.', { enum: ['firing', 'resolved'] }),
      severity,
      dedupeKey: text('Equal in every attempt.', { maxLength: 400, ...rules(['self == oldSelf', 'A Notification never changes']) }),
      closes: list('Keys of the messages that this one closes.', text('Key.')),
      subject: text('In one line.'),
      text: text('All of it, for people.'),
      alerts: list(
        'What it is about, the worst first.',
        object(
          'One alert.',
          {
            namespace: text('Namespace.'), service: text('Service.'), subject: text('Router, track, version or release.'), rule: text('Rule, PascalCase.'), severity, message: text('Rule and value.'),
            value: number('What is.'), wanted: number('What is to be.'), since: time('Since when.'), healedAt: time('Until when.'), next: text('The next command.'),
          },
          { required: ['namespace', 'service', 'subject', 'rule', 'severity', 'message', 'since'] },
        ),
        { maxItems: 100 },
      ),
      total: integer('All alerts, also those that the list leaves out.'),
    },
    { required: ['channel', 'kind', 'severity', 'dedupeKey', 'subject', 'text', 'alerts', 'total'] },
  ),
  status: object('How far it is.', {
    deliveredAt: time('When the channel took it.'),
    attempts: integer('Attempts so far.'),
    attemptStartedAt: time('Set while an attempt is under way.'),
    nextAttemptAt: time('When it is tried again.'),
    lastError: text('Why the last attempt failed.'),
  }),
  columns: [
    column('Channel', '.spec.channel', 'To whom.'),
    column('Kind', '.spec.kind', 'firing or resolved.'),
    column('Subject', '.spec.subject', 'What.'),
    column('Delivered', '.status.deliveredAt', 'When.', 'date'),
    column('Attempts', '.status.attempts', 'Attempts so far.', 'integer', 1),
    column('Error', '.status.lastError', 'Why the last attempt failed.', 'string', 1),
    age,
  ],
});
