import { createHmac } from 'node:crypto';
import { DeliveryError, type Notifier } from '../../controllers/notification/notifier.ts';
import { post } from './post.ts';

/** POSTs the Notification's spec as JSON. `X-Aweigh-Key` is equal in every attempt; `X-Aweigh-Signature` is `sha256=<hex>` of the body where the Secret has a `signing-key`. */
export const webhookNotifier: Notifier = {
  async send(_, credentials, message, signal) {
    const { url, authorization, 'signing-key': signingKey } = credentials;
    if (url === undefined) throw new DeliveryError("The Secret has no key 'url': put the webhook's address there");
    const body = JSON.stringify(message);
    return post('The webhook', url, {
      'Content-Type': 'application/json', 'X-Aweigh-Key': message.dedupeKey,
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(signingKey === undefined ? {} : { 'X-Aweigh-Signature': `sha256=${createHmac('sha256', signingKey).update(body).digest('hex')}` }),
    }, body, signal);
  },
};
