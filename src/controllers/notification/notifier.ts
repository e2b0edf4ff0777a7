import type { NotificationSpec } from '../../api/notification/notification.ts';
import type { NotificationChannelSpec } from '../../api/notification-channel/notification-channel.ts';

/** Decoded values of the channel's Secret; empty where it names none. */
export type Credentials = Readonly<Record<string, string>>;

/** One way to deliver. */
export interface Notifier {
  /** Resolves when the channel has taken the message; with a remark where not everybody gets it.
   *  @throws {DeliveryError} when it has not: it is tried again */
  send(channel: NotificationChannelSpec, credentials: Credentials, message: NotificationSpec, signal: AbortSignal): Promise<string | undefined>;
}

export type NotifierKind = 'slack' | 'email' | 'webhook';

/** Why a message was not taken. The text is shown to people and kept: it never holds an address with a secret in it, or what a server answered. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** The channel itself asked to wait so long. */
  readonly retryAfterMs?: number;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

export function kindOf(spec: NotificationChannelSpec): NotifierKind | undefined {
  if (spec.slack !== undefined) return 'slack';
  if (spec.email !== undefined) return 'email';
  return spec.webhook === undefined ? undefined : 'webhook';
}

export const secretNameOf = ({ slack, email, webhook }: NotificationChannelSpec): string | undefined => (slack ?? email ?? webhook)?.secretName;
