import { NotificationChannels, Notifications } from '../../api/kinds.ts';
import type { Condition } from '../../api/group.ts';
import type { Notification, NotificationStatus } from '../../api/notification/notification.ts';
import type { NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import { Secrets } from '../../client/kinds.ts';
import { keyOf } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { fieldManagers } from '../../runtime/field-managers.ts';
import { DeliveryError, secretNameOf, type Credentials } from './notifier.ts';

type Context = Pick<ControllerContext, 'client' | 'clock'>;
const ABSENT = { attempts: null, attemptStartedAt: null, nextAttemptAt: null, lastError: null, deliveredAt: null };

/** Writes the whole status. With `guarded` only where nobody else wrote since.
 *  @throws {StatusError} reason `Conflict` */
export async function writeDelivery({ client }: Context, notification: Notification, status: NotificationStatus, guarded: boolean): Promise<Notification> {
  const metadata = guarded ? { resourceVersion: notification.metadata?.resourceVersion } : {};
  return client.patch(Notifications, keyOf(notification), { metadata, status: { ...ABSENT, ...status } }, { subresource: 'status', fieldManager: fieldManagers.health });
}

/** How the channel does, where that differs from what it says. */
export async function writeChannel({ client, clock }: Context, channel: NotificationChannel, outcome: { delivered: true; remark: string | undefined } | { delivered: false; reason: string; message: string }): Promise<void> {
  const now = new Date(clock.now()).toISOString();
  const before = channel.status?.conditions?.find((c) => c.type === 'Delivering');
  const status: Condition['status'] = outcome.delivered ? 'True' : 'False';
  const condition: Condition = {
    type: 'Delivering', status, ...(outcome.delivered ? { reason: 'Delivered', message: outcome.remark ?? 'It took its last message' } : { reason: outcome.reason, message: outcome.message }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now, observedGeneration: channel.metadata?.generation ?? 0,
  };
  const { generation } = channel.metadata ?? {};
  await client.patch(NotificationChannels, keyOf(channel), { status: { ...(generation === undefined ? {} : { observedGeneration: generation }), conditions: [condition], ...(outcome.delivered ? { lastDeliveredAt: now } : {}) } }, { subresource: 'status', fieldManager: fieldManagers.health })
    .catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}

/** Read for each attempt and kept nowhere. @throws {DeliveryError} where it is not there */
export async function readCredentials({ client }: Context, { metadata, spec }: NotificationChannel): Promise<Credentials> {
  const name = secretNameOf(spec);
  if (name === undefined) return {};
  try {
    const secret = await client.get(Secrets, { namespace: metadata?.namespace ?? '', name });
    return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString().trim()]));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new DeliveryError(`Secret ${name} does not exist in namespace ${metadata?.namespace}: create it, see docs/health.md for its keys`, { cause: error });
  }
}
