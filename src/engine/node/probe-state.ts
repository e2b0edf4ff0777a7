export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** What a probe's results so far say. */
export interface ProbeState {
  /** The verdict in force; a container counts as alive, and as neither ready nor started, until told otherwise. */
  readonly passing: boolean;
  /** Equal results in a row, and which. */
  readonly last?: 'success' | 'failure';
  readonly inARow: number;
}

export interface ProbeThresholds {
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

export function initialProbeState(kind: ProbeKind): ProbeState {
  return { passing: kind === 'liveness', inARow: 0 };
}

/** The state after one more result: the verdict turns once a threshold of equal results in a row is met. */
export function afterProbe(state: ProbeState, result: 'success' | 'failure', thresholds: ProbeThresholds): ProbeState {
  const inARow = state.last === result ? state.inARow + 1 : 1;
  const threshold = result === 'success' ? (thresholds.successThreshold ?? 1) : (thresholds.failureThreshold ?? 3);
  return { passing: inARow >= threshold ? result === 'success' : state.passing, last: result, inARow };
}

/** Whether a failing probe has used up its failures, so that the container must go. */
export function exhausted(state: ProbeState, thresholds: ProbeThresholds): boolean {
  return state.last === 'failure' && state.inARow >= (thresholds.failureThreshold ?? 3);
}
