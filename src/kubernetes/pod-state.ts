import type { Pod, PodCondition } from './types.generated.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((c) => c.type === type);
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Ended for good: Succeeded or Failed. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither ended nor asked to end. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;
}

/** Milliseconds until a ready pod counts as available: 0 when it is, Infinity while it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return Infinity;
  if (minReadySeconds === 0) return 0;
  const sinceMs = ready.lastTransitionTime === undefined ? nowMs : Date.parse(ready.lastTransitionTime);
  return Math.max(0, sinceMs + minReadySeconds * 1_000 - nowMs);
}
