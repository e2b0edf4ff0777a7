import type { Notifiers } from '../../controllers/notification/controller.ts';
import { emailNotifier } from './email.ts';
import { slackNotifier } from './slack.ts';
import { webhookNotifier } from './webhook.ts';

/** Every way to deliver that there is. */
export const notifiers: Notifiers = { slack: slackNotifier, email: emailNotifier, webhook: webhookNotifier };
