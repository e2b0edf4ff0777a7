import { CHANNEL_DEFAULTS, type NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import { isTold, recoveryDueAt, type Alert } from './alerts.ts';
import type { Severity } from './finding.ts';
import { HEALTH_NAMESPACE } from './observe.ts';

/** One message that is decided: all that a channel has to hear now. */
export interface Notice {
  /** Also the name of its Notification; names of one channel ascend in the order in which they are to be delivered. */
  readonly key: string;
  /** `namespace/name` of the channel. */
  readonly channel: string;
  readonly kind: 'firing' | 'resolved';
  /** Keys of the messages that it closes. */
  readonly closes: readonly string[];
  /** Ids, the worst first. */
  readonly alerts: readonly string[];
}

export interface Decision {
  readonly alerts: readonly Alert[];
  readonly notices: readonly Notice[];
  /** When the last message about what became wrong was decided, by channel. */
  readonly lastFiringAt: Readonly<Record<string, number>>;
  /** Number of the last notice. */
  readonly sequence: number;
  /** When to decide again although nothing changes. Absent: never. */
  readonly nextAt?: number;
}

export interface DecisionInput {
  readonly alerts: readonly Alert[];
  readonly channels: readonly NotificationChannel[];
  readonly lastFiringAt: Readonly<Record<string, number>>;
  /** Number of the last notice; numbers ascend for good, whatever the clock does. */
  readonly sequence: number;
  /** Until when nobody is to be told of an alert. Absent: it may be told. */
  readonly silencedUntil: (alert: Alert) => number | undefined;
  readonly now: number;
}

/**
 * What each channel hears now. What becomes wrong within a moment is one message, and so is its recovery. An alert is told once, and once more
 * where it becomes critical; its recovery once, and only to those who heard of it.
 */
export function decideNotices(input: DecisionInput): Decision {
  let alerts = withoutGone(input.alerts, input.channels);
  let sequence = input.sequence;
  const make = (channel: NotificationChannel, kind: Notice['kind'], said: readonly Alert[], closes: readonly string[] = []): Notice => {
    sequence = Math.max(input.now, sequence + 1);
    return makeNotice(channel, kind, said, closes, sequence);
  };
  const lastFiringAt: Record<string, number> = {}, notices: Notice[] = [];
  const later = alerts.filter((a) => a.healedAt === undefined && !a.due).map((a) => a.dueAt);
  for (const channel of input.channels) {
    const id = channelId(channel);
    const before = input.lastFiringAt[id];
    const firing = firingNotice({ ...input, alerts }, channel, before);
    if (firing.at !== undefined && firing.at > input.now) later.push(firing.at);
    else if (firing.alerts.length > 0) {
      const notice = make(channel, 'firing', firing.alerts);
      notices.push(notice);
      alerts = told(alerts, notice);
    }
    const spoke = notices.at(-1)?.channel === id;
    if (spoke || before !== undefined) lastFiringAt[id] = spoke ? input.now : (before ?? 0);
    const resolved = resolvedNotice({ ...input, alerts }, channel);
    if (resolved.at !== undefined) later.push(resolved.at);
    if (resolved.alerts.length === 0) continue;
    const notice = make(channel, 'resolved', resolved.alerts, resolved.closes);
    notices.push(notice);
    alerts = untold(alerts, notice);
  }
  // What was left out of a message may be due at once.
  if (notices.length > 0) later.push(input.now + 1);
  return { alerts, notices, lastFiringAt, sequence, ...(later.length === 0 ? {} : { nextAt: Math.min(...later) }) };
}

export const channelId = ({ metadata }: NotificationChannel): string => `${metadata?.namespace}/${metadata?.name}`;

/** Whether a channel is to hear of an alert at all. */
export function hears({ metadata, spec: { match } }: NotificationChannel, alert: Pick<Alert, 'id' | 'severity'>): boolean {
  const [namespace = '', service = '', ...subject] = alert.id.split('/');
  // A channel that does not work is told through the others.
  if (subject[0] === 'channel' && subject[1] === metadata?.name && namespace === metadata?.namespace) return false;
  if (metadata?.namespace !== HEALTH_NAMESPACE && metadata?.namespace !== namespace) return false;
  if (match?.namespaces !== undefined && match.namespaces.length > 0 && !match.namespaces.includes(namespace)) return false;
  if (match?.services !== undefined && match.services.length > 0 && !match.services.includes(service)) return false;
  return rank(alert.severity) >= rank(match?.minimumSeverity ?? CHANNEL_DEFAULTS.minimumSeverity);
}

/** What is due, and when it may be said: a moment after the first of it, and not before the interval since the last message is over. */
function firingNotice({ alerts, now, silencedUntil }: DecisionInput, channel: NotificationChannel, lastFiringAt: number | undefined): { alerts: readonly Alert[]; at?: number } {
  const id = channelId(channel);
  const { groupWaitSeconds = CHANNEL_DEFAULTS.groupWaitSeconds, groupIntervalSeconds = CHANNEL_DEFAULTS.groupIntervalSeconds } = channel.spec;
  const open = alerts.filter((a) => a.healedAt === undefined && hears(channel, a) && (a.told[id] === undefined || rank(a.severity) > rank(a.told[id].severity)));
  const dueAt = new Map(open.map((a) => [a, Math.max(a.dueAt, silencedUntil(a) ?? 0)]));
  if (open.length === 0) return { alerts: [] };
  const first = Math.min(...dueAt.values());
  const at = Math.max(first + groupWaitSeconds * 1_000, lastFiringAt === undefined ? 0 : lastFiringAt + groupIntervalSeconds * 1_000);
  return { alerts: open.filter((a) => (dueAt.get(a) ?? 0) <= now), at };
}

/** Of each message that was told: its alerts together when all have healed, or those that have when the rest takes too long. */
function resolvedNotice({ alerts, now, silencedUntil }: DecisionInput, channel: NotificationChannel): { alerts: readonly Alert[]; closes: readonly string[]; at?: number } {
  const id = channelId(channel);
  const { groupWaitSeconds = CHANNEL_DEFAULTS.groupWaitSeconds, recoveryWaitSeconds = CHANNEL_DEFAULTS.recoveryWaitSeconds } = channel.spec;
  const ready: Alert[] = [], closes: string[] = [], later: number[] = [];
  for (const [message, group] of Map.groupBy(alerts.filter((a) => a.told[id] !== undefined), (a) => a.told[id]?.message ?? '')) {
    const due = group.map((a) => ({ alert: a, at: dueRecovery(a, now, silencedUntil(a)) }));
    const healed = due.filter((d): d is { alert: Alert; at: number } => d.at !== undefined);
    if (healed.length === 0) continue;
    const whole = healed.length === group.length;
    const at = whole ? Math.max(...healed.map((d) => d.at)) + groupWaitSeconds * 1_000 : Math.min(...healed.map((d) => d.at)) + Math.max(recoveryWaitSeconds, groupWaitSeconds) * 1_000;
    if (at > now) {
      later.push(at);
      continue;
    }
    const said = healed.filter((d) => d.at <= now).map((d) => d.alert);
    ready.push(...said);
    if (whole) closes.push(message);
  }
  return { alerts: ready, closes, ...(later.length === 0 ? {} : { at: Math.min(...later) }) };
}

function dueRecovery(alert: Alert, now: number, silencedUntil: number | undefined): number | undefined {
  const at = recoveryDueAt(alert, now);
  return at === undefined ? undefined : Math.max(at, silencedUntil ?? 0);
}

function makeNotice(channel: NotificationChannel, kind: Notice['kind'], alerts: readonly Alert[], closes: readonly string[], sequence: number): Notice {
  const worst = alerts.toSorted((a, b) => rank(b.severity) - rank(a.severity) || (a.id < b.id ? -1 : 1));
  return { key: `${channel.metadata?.name}-${sequence}`, channel: channelId(channel), kind, closes, alerts: worst.map((a) => a.id) };
}

function told(alerts: readonly Alert[], notice: Notice): Alert[] {
  const ids = new Set(notice.alerts);
  return alerts.map((a) => (ids.has(a.id) ? { ...a, told: { ...a.told, [notice.channel]: { message: notice.key, severity: a.severity } } } : a));
}

function untold(alerts: readonly Alert[], notice: Notice): Alert[] {
  const ids = new Set(notice.alerts);
  return alerts.map((a) => {
    if (!ids.has(a.id)) return a;
    const { [notice.channel]: _, ...others } = a.told;
    return { ...a, told: others };
  });
}

/** A channel that is gone waits for no recovery. */
function withoutGone(alerts: readonly Alert[], channels: readonly NotificationChannel[]): Alert[] {
  const there = new Set(channels.map(channelId));
  return alerts.map((a) => (isTold(a) && Object.keys(a.told).some((id) => !there.has(id)) ? { ...a, told: Object.fromEntries(Object.entries(a.told).filter(([id]) => there.has(id))) } : a));
}

const rank = (severity: Severity): number => (severity === 'critical' ? 2 : 1);
