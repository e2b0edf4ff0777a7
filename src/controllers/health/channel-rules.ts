import type { NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import type { Notification } from '../../api/notification/notification.ts';
import type { Finding } from './finding.ts';
import { count, duration, finding } from './service-input.ts';

/** The word in place of a service: no service can have this name. */
export const CHANNELS = 'notification-channels';
const FAILING_AFTER_MS = 5 * 60_000;

export interface ChannelHealth {
  readonly namespace: string;
  readonly name: string;
  readonly state: 'delivering' | 'failing' | 'idle';
  readonly undelivered: number;
  /** Milliseconds since the epoch: age of the oldest that it has not taken. */
  readonly since?: number;
  /** Why the last attempt failed. */
  readonly error?: string;
  readonly lastDeliveredAt?: string;
}

export function channelHealth(channels: readonly NotificationChannel[], notifications: readonly Notification[]): ChannelHealth[] {
  const waiting = Map.groupBy(notifications.filter((n) => n.status?.deliveredAt === undefined), (n) => `${n.metadata?.namespace}/${n.spec.channel}`);
  return channels.map(({ metadata, status }): ChannelHealth => {
    const { namespace = '', name = '' } = metadata ?? {};
    const open = waiting.get(`${namespace}/${name}`) ?? [];
    const error = open.map((n) => n.status?.lastError).find((e) => e !== undefined);
    return {
      namespace, name, state: error !== undefined ? 'failing' : status?.lastDeliveredAt === undefined ? 'idle' : 'delivering', undelivered: open.length,
      ...(open.length === 0 ? {} : { since: Math.min(...open.map((n) => Date.parse(n.metadata?.creationTimestamp ?? ''))) }),
      ...(error === undefined ? {} : { error }), ...(status?.lastDeliveredAt === undefined ? {} : { lastDeliveredAt: status.lastDeliveredAt }),
    };
  });
}

/** Told through the other channels. */
export function channelFindings(channels: readonly ChannelHealth[], now: number): Finding[] {
  return channels.flatMap(({ namespace, name, undelivered, since, error }) => {
    if (since === undefined || !(now - since > FAILING_AFTER_MS)) return [];
    const text = `channel ${name} has not taken ${count(undelivered, 'message')} for ${duration(now - since)}${error === undefined ? '' : `: ${error}`}`;
    return [finding({ namespace, service: CHANNELS }, 'ChannelFailing', 'warning', `channel/${name}`, { value: undelivered, wanted: 0, text, next: `kubectl -n ${namespace} get notificationchannel ${name} -o yaml` })];
  });
}
