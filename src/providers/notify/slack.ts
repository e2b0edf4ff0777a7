import { DeliveryError, type Notifier } from '../../controllers/notification/notifier.ts';
import { post } from './post.ts';

/** Slack cuts longer texts: https://docs.slack.dev/reference/methods/chat.postMessage#truncating */
const MAX_TEXT = 39_000;

/** An incoming webhook of Slack, or of what understands the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slackNotifier: Notifier = {
  async send(_, credentials, { kind, severity, subject, text }, signal) {
    const { url } = credentials;
    if (url === undefined) throw new DeliveryError("The Secret has no key 'url': put the incoming webhook's address there");
    const sign = kind === 'resolved' ? ':white_check_mark:' : severity === 'critical' ? ':rotating_light:' : ':warning:';
    const body = JSON.stringify({ text: `${sign} *${escape(subject)}*\n\`\`\`${escape(text).slice(0, MAX_TEXT)}\`\`\`` });
    return post('Slack', url, { 'Content-Type': 'application/json' }, body, signal);
  },
};

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('```', "'''");
