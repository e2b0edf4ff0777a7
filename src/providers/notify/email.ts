import { createTransport } from 'nodemailer';
import type { Notifier } from '../../controllers/health/notifier.ts';

export interface EmailOptions {
  /** `smtp://user:password@host:port` or `smtps://…`. */
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
}

export function emailNotifier({ url, from, to }: EmailOptions): Notifier {
  const transport = createTransport(url);
  return { name: 'email', send: async (_, { subject, body }) => { await transport.sendMail({ from, to: [...to], subject, text: body }); } };
}
