import { createTransport } from 'nodemailer';
import type { NotificationSpec } from '../../api/notification/notification.ts';
import { DeliveryError, type Credentials, type Notifier } from '../../controllers/notification/notifier.ts';

const TIMEOUT_MS = 8_000;

/** A mail server, with STARTTLS unless the channel says otherwise: without TLS nothing is sent. A message and its recovery are one thread. */
export const emailNotifier: Notifier = {
  async send({ email }, credentials, message, signal) {
    if (email === undefined) throw new DeliveryError('The channel has no email: set spec.email');
    const { host, port, tls = 'starttls', from, to } = email;
    const transport = createTransport({
      host, port: port ?? (tls === 'implicit' ? 465 : 587), secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none',
      connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS, ...loginOf(credentials), ...(credentials['ca.crt'] === undefined ? {} : { tls: { ca: credentials['ca.crt'] } }),
    });
    const end = (): void => transport.close();
    signal.addEventListener('abort', end, { once: true });
    try {
      const { rejected } = await transport.sendMail({
        from, to, subject: message.subject, text: message.text, messageId: messageId(message.dedupeKey), ...threadOf(message),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Aweigh-Key': message.dedupeKey },
      });
      if (rejected.length === to.length) throw new DeliveryError('The mail server took no recipient: correct spec.email.to');
      // The others have it: sent once more it would come to them twice.
      return rejected.length === 0 ? undefined : `The mail server refused ${rejected.length} of ${to.length} recipients: correct spec.email.to`;
    } catch (error) {
      throw error instanceof DeliveryError ? error : new DeliveryError(describe(error));
    } finally {
      signal.removeEventListener('abort', end);
      transport.close();
    }
  },
};

function loginOf({ username, password }: Credentials): { auth?: { user: string; pass: string } } {
  return username === undefined ? {} : { auth: { user: username, pass: password ?? '' } };
}

/** RFC 5322, 3.6.4: equal for every attempt, so that a mail server may drop the second. */
const messageId = (key: string): string => `<${key.replaceAll(/[^A-Za-z0-9.-]/g, '.')}@aweigh>`;

function threadOf({ closes = [] }: NotificationSpec): { inReplyTo?: string; references?: string[] } {
  const [first] = closes;
  return first === undefined ? {} : { inReplyTo: messageId(first), references: closes.map(messageId) };
}

/** The kind of error and the server's code, never its words: they may repeat the login. */
function describe(error: unknown): string {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const words: Readonly<Record<string, string>> = {
    EAUTH: "refused the login: correct 'username' and 'password' in the Secret", ETLS: 'offers no TLS that can be trusted', ECONNECTION: 'cannot be reached', ETIMEDOUT: 'did not answer in time', ESOCKET: 'cut the connection or cannot be reached', EDNS: 'has a name that does not resolve', EENVELOPE: 'refused the sender or a recipient',
  };
  const what = typeof code === 'string' ? (words[code] ?? `failed with ${code}`) : 'failed';
  return `The mail server ${what}${typeof responseCode === 'number' ? ` (${responseCode})` : ''}`;
}
