import { expect, test } from 'vitest';
import { afterProbe, exhausted, initialProbeState, type ProbeKind } from './probe-state.ts';

test.for<{ kind: ProbeKind; results: string; successThreshold?: number; failureThreshold?: number; passing: boolean; exhausted: boolean }>([
  { kind: 'readiness', results: '', passing: false, exhausted: false },
  { kind: 'liveness', results: '', passing: true, exhausted: false },
  { kind: 'readiness', results: '+', passing: true, exhausted: false },
  { kind: 'readiness', results: '++', successThreshold: 3, passing: false, exhausted: false },
  { kind: 'readiness', results: '+++', successThreshold: 3, passing: true, exhausted: false },
  { kind: 'readiness', results: '+--', passing: true, exhausted: false },
  { kind: 'readiness', results: '+---', passing: false, exhausted: true },
  { kind: 'readiness', results: '+--+--', passing: true, exhausted: false },
  { kind: 'liveness', results: '--', failureThreshold: 2, passing: false, exhausted: true },
  { kind: 'startup', results: '-----', failureThreshold: 6, passing: false, exhausted: false },
])('a $kind probe after "$results" passes: $passing', ({ kind, results, passing, exhausted: gone, ...thresholds }) => {
  const state = results.split('').reduce((s, r) => afterProbe(s, r === '+' ? 'success' : 'failure', thresholds), initialProbeState(kind));
  expect([state.passing, exhausted(state, thresholds)]).toEqual([passing, gone]);
});
