import type { Finding, HealthRule, Severity } from './finding.ts';

/** What is known of one thing that is or was unwell, between two looks; kept in the cluster, so that a restart repeats and forgets nothing. */
export interface Alert {
  /** The finding's id: the same whatever the rule, so that what becomes worse or better stays one alert. */
  readonly id: string;
  readonly rule: HealthRule;
  readonly severity: Severity;
  readonly message: string;
  /** When it was first seen. Milliseconds since the epoch, as all times here. */
  readonly since: number;
  /** When it may be told. */
  readonly dueAt: number;
  /** It has lasted long enough to be told. */
  readonly due: boolean;
  /** When it healed. Absent: it is still so. */
  readonly healedAt?: number;
  /** What each channel has heard of it, by `namespace/name` of the channel. */
  readonly told: Readonly<Record<string, Told>>;
  /** Times at which it came back after healing, newest last. */
  readonly returns: readonly number[];
}

export interface Told {
  /** Key of the message. */
  readonly message: string;
  readonly severity: Severity;
}

/** An alert that came back this often within the window is flapping: its recovery waits until it has held. */
const FLAPPING_RETURNS = 3;
const FLAPPING_WINDOW_MS = 10 * 60_000;
const FLAPPING_HOLD_MS = 5 * 60_000;

/** The alerts after a look that found `findings`. */
export function nextAlerts(before: readonly Alert[], findings: readonly Finding[], now: number): Alert[] {
  const current = new Map(findings.map((f) => [f.id, f]));
  const kept = before.map((alert): Alert => {
    const finding = current.get(alert.id);
    if (finding === undefined) return alert.healedAt === undefined ? { ...alert, healedAt: now } : alert;
    current.delete(alert.id);
    return seenAgain(alert, finding, now);
  });
  const fresh = [...current.values()].map((finding): Alert => ({ id: finding.id, ...verdictOf(finding), since: now, dueAt: now + finding.tellAfterMs, due: false, told: {}, returns: [] }));
  return [...kept, ...fresh].map((alert) => (alert.healedAt === undefined && !alert.due && alert.dueAt <= now ? { ...alert, due: true } : alert));
}

function seenAgain({ healedAt, ...alert }: Alert, finding: Finding, now: number): Alert {
  const worse = finding.severity === 'critical' && alert.severity === 'warning';
  // The message stays with its rule, so that nothing is written while only an age grows.
  if (healedAt === undefined) return { ...alert, ...(alert.rule === finding.rule && alert.severity === finding.severity ? {} : verdictOf(finding)), dueAt: worse ? Math.min(alert.dueAt, now + finding.tellAfterMs) : alert.dueAt };
  // Where somebody still waits for its recovery it is the same trouble; else it is a new one.
  const since = isTold(alert) ? alert.since : now;
  return { ...alert, ...verdictOf(finding), since, dueAt: now + finding.tellAfterMs, due: false, returns: [...recentReturns(alert, now), now] };
}

const verdictOf = ({ rule, severity, message }: Finding): Pick<Alert, 'rule' | 'severity' | 'message'> => ({ rule, severity, message });

/** Since when it has lasted without a break. */
export const unbrokenSince = ({ returns, since }: Pick<Alert, 'returns' | 'since'>): number => returns.at(-1) ?? since;

/** Alerts that still matter: those that last, those whose recovery somebody has yet to hear of, and those that may flap. */
export function remembered(alerts: readonly Alert[], now: number): Alert[] {
  return alerts.filter((a) => a.healedAt === undefined || isTold(a) || now - a.healedAt < FLAPPING_WINDOW_MS);
}

export const isTold = ({ told }: Pick<Alert, 'told'>): boolean => Object.keys(told).length > 0;

export const isFlapping = (alert: Pick<Alert, 'returns'>, now: number): boolean => recentReturns(alert, now).length >= FLAPPING_RETURNS;

const recentReturns = ({ returns }: Pick<Alert, 'returns'>, now: number): number[] => returns.filter((t) => now - t < FLAPPING_WINDOW_MS);

/** When its recovery may be told: at once, or where it flaps when it has held. Undefined: it has not healed. */
export function recoveryDueAt(alert: Alert, now: number): number | undefined {
  if (alert.healedAt === undefined) return undefined;
  return alert.healedAt + (isFlapping(alert, now) ? FLAPPING_HOLD_MS : 0);
}
