import type { Notifier } from '../../controllers/health/notifier.ts';
import { emailNotifier } from '../../providers/notify/email.ts';
import { slackNotifier } from '../../providers/notify/slack.ts';
import { webhookNotifier } from '../../providers/notify/webhook.ts';
import type { Terminal } from '../terminal.ts';

/** Who is told when an Application's health is critical, and when it heals: by environment, since their addresses are secrets. */
export function notifiersOf(env: Terminal['env']): Notifier[] {
  const slack = env['AWEIGH_SLACK_WEBHOOK'], webhook = env['AWEIGH_WEBHOOK'], smtp = env['AWEIGH_SMTP_URL'], to = env['AWEIGH_MAIL_TO'];
  return [
    ...(slack ? [slackNotifier(slack)] : []),
    ...(webhook ? [webhookNotifier(webhook)] : []),
    ...(smtp && to ? [emailNotifier({ url: smtp, from: env['AWEIGH_MAIL_FROM'] ?? 'aweigh@localhost', to: to.split(',') })] : []),
  ];
}
