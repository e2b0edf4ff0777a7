import type { Finding } from './finding.ts';

/** What is known of one finding between two looks; kept in the cluster, so that a restart repeats nothing. */
export interface Alert {
  readonly finding: Finding;
  /** When it was first seen. */
  readonly since: number;
  /** When it was last seen. */
  readonly seenAt: number;
  /** Channels that have heard of it. */
  readonly told: readonly string[];
  /** When it healed. Absent: it is still so. */
  readonly healedAt?: number;
  /** Times at which it came back after healing, newest last. */
  readonly returns: readonly number[];
}

export interface Notice {
  readonly kind: 'firing' | 'resolved';
  readonly channel: string;
  /** Grouped: all that the channel has to hear now. */
  readonly alerts: readonly Alert[];
}

/** An alert that came back this often within the window is said to be flapping: its recovery waits until it has held. */
const FLAPPING_RETURNS = 3;
const FLAPPING_WINDOW_MS = 10 * 60_000;
const FLAPPING_HOLD_MS = 5 * 60_000;

/** The next state of the alerts. Pure: what is told is decided by {@link notices} and settled by {@link delivered}. */
export function nextAlerts(before: readonly Alert[], findings: readonly Finding[], now: number): Alert[] {
  const current = new Map(findings.map((f) => [f.id, f]));
  const known = new Set(before.map((a) => a.finding.id));
  const kept = before.map((alert): Alert => {
    const finding = current.get(alert.finding.id);
    if (finding === undefined) return alert.healedAt === undefined ? { ...alert, healedAt: now } : alert;
    const { healedAt, ...rest } = alert;
    const returns = healedAt === undefined ? alert.returns : [...alert.returns.filter((t) => now - t < FLAPPING_WINDOW_MS), now];
    return { ...rest, finding, seenAt: now, returns };
  });
  const fresh = findings.filter((f) => !known.has(f.id)).map((finding): Alert => ({ finding, since: now, seenAt: now, told: [], returns: [] }));
  return [...kept, ...fresh];
}

/** What each channel has to hear: a new alert at once, a recovery once, and that only by those who heard of the alert. */
export function notices(alerts: readonly Alert[], channels: readonly string[], silenced: (finding: Finding) => boolean, now: number): Notice[] {
  return channels.flatMap((channel) => {
    const heard = alerts.filter((a) => !silenced(a.finding));
    const firing = heard.filter((a) => a.healedAt === undefined && !a.told.includes(channel));
    const resolved = heard.filter((a) => a.healedAt !== undefined && a.told.includes(channel) && hasHeld(a, now));
    return [
      ...(firing.length === 0 ? [] : [{ kind: 'firing' as const, channel, alerts: firing }]),
      ...(resolved.length === 0 ? [] : [{ kind: 'resolved' as const, channel, alerts: resolved }]),
    ];
  });
}

/** The alerts after a channel took a notice. What was not taken stays due, so it is tried again. */
export function delivered(alerts: readonly Alert[], notice: Notice): Alert[] {
  const ids = new Set(notice.alerts.map((a) => a.finding.id));
  return alerts.map((alert): Alert => {
    if (!ids.has(alert.finding.id)) return alert;
    const others = alert.told.filter((c) => c !== notice.channel);
    return { ...alert, told: notice.kind === 'firing' ? [...others, notice.channel] : others };
  });
}

/** Alerts that still matter: those that last, those that somebody has yet to hear healed, and those that may come back. */
export function remembered(alerts: readonly Alert[], now: number): Alert[] {
  return alerts.filter((a) => a.healedAt === undefined || a.told.length > 0 || now - a.healedAt < FLAPPING_WINDOW_MS);
}

/** When to look again although nothing changed. */
export function nextLookMs(alerts: readonly Alert[], now: number): number | undefined {
  const due = alerts.filter((a) => a.healedAt !== undefined && a.told.length > 0 && !hasHeld(a, now)).map((a) => (a.healedAt ?? now) + FLAPPING_HOLD_MS - now);
  return due.length === 0 ? undefined : Math.max(100, Math.min(...due));
}

function hasHeld(alert: Alert, now: number): boolean {
  const flapping = alert.returns.filter((t) => now - t < FLAPPING_WINDOW_MS).length >= FLAPPING_RETURNS;
  return !flapping || now - (alert.healedAt ?? now) >= FLAPPING_HOLD_MS;
}
