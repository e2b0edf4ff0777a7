import type { Silence } from '../../api/silence/silence.ts';
import type { Alert } from './alerts.ts';

/** Who asks afterwards why nobody was told finds the answer for so long. */
const KEPT_MS = 24 * 3_600_000;

/** Silences whose end was a day ago: they are deleted. */
export const outlived = (silences: readonly Silence[], now: number): Silence[] => silences.filter(({ spec }) => Date.parse(spec.until) + KEPT_MS <= now);

/** Until when nobody is to be told of an alert: the latest end of the silences that hold now. Absent: it may be told. */
export function silencedUntil(alert: Pick<Alert, 'id' | 'rule'>, silences: readonly Silence[], now: number): number | undefined {
  const [namespace, service] = alert.id.split('/');
  const ends = silences
    .filter(({ metadata, spec }) => metadata?.namespace === namespace && (spec.service === '*' || spec.service === service) && (spec.rule === undefined || spec.rule === alert.rule))
    .map(({ spec }) => Date.parse(spec.until))
    .filter((until) => until > now);
  return ends.length === 0 ? undefined : Math.max(...ends);
}
