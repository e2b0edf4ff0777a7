import { IncomingWebhook } from '@slack/webhook';
import type { Notifier } from '../../controllers/health/notifier.ts';

/** @param url Incoming webhook of a Slack workspace: a secret, as whoever has it can post */
export function slackNotifier(url: string): Notifier {
  const webhook = new IncomingWebhook(url, { timeout: 10_000 });
  return { name: 'slack', send: async (_, { subject, body }) => { await webhook.send({ text: `*${subject}*\n\`\`\`${body}\`\`\`` }); } };
}
