import { age, column, conditions, customResourceDefinition, integer, list, object, observedGeneration, rules, text, time } from '../schema.ts';

const secretName = text('Secret of the same namespace.', { minLength: 1, maxLength: 253 });
const seconds = { minimum: 0, maximum: 3600 };

export const notificationChannelCrd = customResourceDefinition({
  kind: 'NotificationChannel',
  plural: 'notificationchannels',
  singular: 'notificationchannel',
  shortNames: ['channel'],
  description: 'One way to reach people. In aweigh-system it hears of every namespace, elsewhere of its own alone.',
  spec: object(
    'How, and of what.',
    {
      slack: object('Slack. The key url of the Secret is the incoming webhook.', { secretName }, { required: ['secretName'] }),
      email: object(
        'Mail. The keys username and password of the Secret log in, its ca.crt is trusted.',
        {
          host: text('Mail server.', { minLength: 1, maxLength: 253 }),
          port: integer('Its port. Default: 465 for implicit, else 587.', { minimum: 1, maximum: 65535 }),
          tls: text('starttls (default) sends nothing in clear; none is for a server on this machine.', { enum: ['starttls', 'implicit', 'none'] }),
          from: text('Sender.', { minLength: 3, maxLength: 320 }),
          to: list('Recipients.', text('Address.', { minLength: 3, maxLength: 320 }), { minItems: 1, maxItems: 50 }),
          secretName,
        },
        { required: ['host', 'from', 'to'], ...rules(["!has(self.tls) || self.tls != 'none' || !has(self.secretName)", 'A password is never sent in clear: use tls starttls or implicit, or leave secretName away']) },
      ),
      webhook: object('POST as JSON. Keys of the Secret: url, and where wanted authorization (that header) and signing-key (HMAC-SHA256 of the body).', { secretName }, { required: ['secretName'] }),
      match: object('What it hears of. Absent: everything.', {
        minimumSeverity: text('Default warning.', { enum: ['warning', 'critical'] }),
        namespaces: list('Only in aweigh-system. Default: all.', text('Namespace.', { maxLength: 63 }), { maxItems: 100 }),
        services: list('Names of services. Default: all.', text('Service.', { maxLength: 63 }), { maxItems: 1000 }),
      }),
      groupWaitSeconds: integer('How long what goes wrong together is collected before the first word. Default 1.', seconds),
      groupIntervalSeconds: integer('Time between two messages about what became wrong. Default 10.', seconds),
      recoveryWaitSeconds: integer('How long the recovery of a part of what was told together waits for the rest. Default 60.', seconds),
    },
    rules(['[has(self.slack), has(self.email), has(self.webhook)].filter(set, set).size() == 1', 'A channel is exactly one of slack, email and webhook: make one channel for each']),
  ),
  status: object('How it goes.', { observedGeneration, conditions, lastDeliveredAt: time('When it last took a message.') }),
  columns: [
    column('Delivering', '.status.conditions[?(@.type=="Delivering")].status', 'False while the oldest message is refused.'),
    column('Reason', '.status.conditions[?(@.type=="Delivering")].message', 'Why.', 'string', 1),
    column('Last', '.status.lastDeliveredAt', 'When it last took a message.', 'date'),
    age,
  ],
  validations: rules(['size(self.metadata.name) <= 63', 'The name of a NotificationChannel has at most 63 characters, since its Notifications take their names from it']),
});
