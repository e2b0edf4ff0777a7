import { NotificationChannels, Notifications } from '../../api/kinds.ts';
import type { Notification } from '../../api/notification/notification.ts';
import type { NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import { keyOf, type ObjectKey } from '../../client/resource.ts';
import { isConflict, isNotFound } from '../../client/status-error.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../runtime/controller.ts';
import { readCredentials, writeChannel, writeDelivery } from './apply.ts';
import { DeliveryError, kindOf, type Notifier, type NotifierKind } from './notifier.ts';
import { failedAttempt, reconcile, SEND_DEADLINE_MS } from './reconcile.ts';

export type Notifiers = Readonly<Record<NotifierKind, Notifier>>;

/** The informer catches up with a write within this. */
const BEHIND_MS = 100;
/** Sending ends before the attempt does, so that there is time to write it down. */
const SEND_SHARE = 0.9;
const BY_CHANNEL = 'notification/channel';
const channelOf = ({ metadata, spec }: Notification): readonly string[] => [`${metadata?.namespace}/${spec.channel}`];

/**
 * Delivers Notifications, one channel at a time and in order, until each was taken. What is under way is marked before it is sent: a leader
 * that takes over waits for the end of that attempt and then sends again, with the same key.
 */
export function notificationController(notifiers: Notifiers, { sendDeadlineMs = SEND_DEADLINE_MS }: { readonly sendDeadlineMs?: number } = {}): ControllerFactory {
  return (context) => {
    const taken = new Set<string>();
    context.informer(Notifications).addIndex(BY_CHANNEL, channelOf);
    return {
      name: 'notification',
      sources: [source(NotificationChannels, (channel) => [keyOf(channel)]), source(Notifications, ({ metadata, spec }) => [{ namespace: metadata?.namespace, name: spec.channel }])],
      reconcile: (key, signal) => reconcileChannel({ context, notifiers, taken, sendDeadlineMs }, key, signal),
    } satisfies Controller;
  };
}

interface Delivery {
  readonly context: ControllerContext;
  readonly notifiers: Notifiers;
  /** Uids of messages that were taken and whose status may not say so yet: while this process lives they are not sent again. */
  readonly taken: Set<string>;
  readonly sendDeadlineMs: number;
}

async function reconcileChannel(delivery: Delivery, key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
  const { client, clock, informer } = delivery.context;
  const channel = informer(NotificationChannels).get(key);
  // Its Notifications go with it, since it owns them.
  if (channel === undefined || channel.metadata?.deletionTimestamp !== undefined) return {};
  let again: number | undefined;
  for (const action of reconcile(informer(Notifications).byIndex(BY_CHANNEL, `${key.namespace}/${key.name}`), clock.now(), delivery.sendDeadlineMs)) {
    switch (action.type) {
      case 'send': again = await deliver(delivery, channel, action.notification, signal); break;
      case 'wait': again = action.ms; break;
      case 'prune': await client.delete(Notifications, keyOf(action.notification)).catch((error: unknown) => { if (!isNotFound(error)) throw error; }); break;
    }
  }
  return again === undefined ? {} : { requeueAfterMs: again };
}

/** Returns when to look again. */
async function deliver(delivery: Delivery, channel: NotificationChannel, notification: Notification, signal: AbortSignal): Promise<number> {
  const { context, taken } = delivery;
  const { clock, log } = context;
  const uid = notification.metadata?.uid ?? '', attempts = (notification.status?.attempts ?? 0) + 1;
  const fields = { controller: 'notification', namespace: notification.metadata?.namespace, name: notification.metadata?.name, attempts };
  let remark: string | undefined;
  if (!taken.has(uid)) {
    const claimed = await claim(context, notification);
    if (claimed === undefined) return BEHIND_MS;
    try {
      remark = await send(delivery, channel, claimed, signal);
    } catch (error) {
      const { message, retryAfterMs } = error instanceof DeliveryError ? error : new DeliveryError('Not delivered: an unexpected error', { cause: error });
      log.warn({ ...fields, error: message }, 'Notification not delivered; trying again');
      const status = failedAttempt(notification.status, message, clock.now(), retryAfterMs);
      await writeDelivery(context, claimed, status, false);
      await writeChannel(context, channel, { delivered: false, reason: 'NotTaken', message });
      return Math.max(1, Date.parse(status.nextAttemptAt ?? '') - clock.now());
    }
    taken.add(uid);
  }
  await writeDelivery(context, notification, { attempts, deliveredAt: new Date(clock.now()).toISOString() }, false);
  taken.delete(uid);
  log.info({ ...fields, kind: notification.spec.kind }, 'Notification delivered');
  await writeChannel(context, channel, { delivered: true, remark });
  return 1;
}

/** Marks the attempt; undefined where another leader was faster, or the informer is behind its own write: the newer object is on its way. */
async function claim(context: ControllerContext, notification: Notification): Promise<Notification | undefined> {
  try {
    return await writeDelivery(context, notification, { ...notification.status, attemptStartedAt: new Date(context.clock.now()).toISOString() }, true);
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return undefined;
    throw error;
  }
}

async function send({ context, notifiers, sendDeadlineMs }: Delivery, channel: NotificationChannel, { spec }: Notification, signal: AbortSignal): Promise<string | undefined> {
  const kind = kindOf(channel.spec);
  if (kind === undefined) throw new DeliveryError('The channel is neither slack nor email nor webhook: set one of them');
  const credentials = await readCredentials(context, channel);
  return notifiers[kind].send(channel.spec, credentials, spec, AbortSignal.any([signal, AbortSignal.timeout(sendDeadlineMs * SEND_SHARE)]));
}
