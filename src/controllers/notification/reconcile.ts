import type { Notification, NotificationStatus } from '../../api/notification/notification.ts';

export type DeliveryAction =
  /** `takeOver`: an attempt before this one never ended, its leader was killed. */
  | { readonly type: 'send'; readonly notification: Notification; readonly takeOver: boolean }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'prune'; readonly notification: Notification; readonly reason: 'Delivered' };

/** An attempt is ended after so long; one that is older never ends. */
export const SEND_DEADLINE_MS = 10_000;
const KEPT_MS = 7 * 86_400_000;
const KEPT_DELIVERED = 200;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** What to do for one channel: its oldest message that is not delivered, one at a time and in order; then what nobody looks at any more. */
export function reconcile(notifications: readonly Notification[], now: number, sendDeadlineMs = SEND_DEADLINE_MS): DeliveryAction[] {
  const ordered = notifications.filter((n) => n.metadata?.deletionTimestamp === undefined).toSorted(byName);
  const [next] = ordered.filter((n) => n.status?.deliveredAt === undefined);
  const old = ordered.filter((n) => n.status?.deliveredAt !== undefined);
  const prune = old.filter((n, i) => i < old.length - KEPT_DELIVERED || now - Date.parse(n.status?.deliveredAt ?? '') > KEPT_MS)
    .map((notification): DeliveryAction => ({ type: 'prune', notification, reason: 'Delivered' }));
  return next === undefined ? prune : [deliver(next, now, sendDeadlineMs), ...prune];
}

function deliver(notification: Notification, now: number, sendDeadlineMs: number): DeliveryAction {
  const { attemptStartedAt, nextAttemptAt } = notification.status ?? {};
  if (attemptStartedAt !== undefined) {
    const left = Date.parse(attemptStartedAt) + sendDeadlineMs - now;
    // A clock that stepped back must not hold up a message for longer than an attempt takes.
    if (left > 0 && left <= sendDeadlineMs) return { type: 'wait', ms: left };
    return { type: 'send', notification, takeOver: true };
  }
  const left = nextAttemptAt === undefined ? 0 : Date.parse(nextAttemptAt) - now;
  return left > 0 && left <= LONGEST_RETRY_MS * 10 ? { type: 'wait', ms: left } : { type: 'send', notification, takeOver: false };
}

/** The status after an attempt failed. @param retryAfterMs what the channel asked for */
export function failedAttempt(status: NotificationStatus | undefined, error: string, now: number, retryAfterMs = 0): NotificationStatus {
  const attempts = (status?.attempts ?? 0) + 1;
  const backoffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 10));
  return { attempts, lastError: error, nextAttemptAt: new Date(now + Math.max(backoffMs, Math.min(retryAfterMs, LONGEST_RETRY_MS * 10))).toISOString() };
}

/** Numbers in names ascend, but not their digits' count. */
function byName(a: Notification, b: Notification): number {
  return sequence(a) - sequence(b) || ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
}

const sequence = ({ metadata }: Notification): number => Number(/\d+$/.exec(metadata?.name ?? '')?.[0] ?? 0);
