import { isTerminal } from '../../../kubernetes/pod-state.ts';
import type { Job, Pod, UncountedTerminatedPods } from '../../../kubernetes/types.generated.ts';
import { isIgnored } from './failure-policy.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';

export interface Tally {
  /** Pods counted for good. */
  readonly succeeded: number;
  readonly failed: number;
  /** Noted in status, their finalizers not yet seen removed. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  readonly completedIndexes: ReadonlySet<number>;
  /** Pods whose finalizer may go once the tally is written. */
  readonly letGo: readonly Pod[];
}

/** Counts each ended pod once, whoever deletes it when: first its uid is noted in status, then its finalizer goes, then it moves into the counter. */
export function tally(job: Job, pods: readonly Pod[]): Tally {
  const tracked = new Map(pods.filter((p) => p.metadata?.finalizers?.includes(trackingFinalizer)).map((p) => [p.metadata?.uid ?? '', p]));
  const before: UncountedTerminatedPods = job.status?.uncountedTerminatedPods ?? {};
  const counted = (uids: readonly string[] = []): number => uids.filter((uid) => !tracked.has(uid)).length;
  const noted = new Set([...(before.succeeded ?? []), ...(before.failed ?? [])]);
  const completedIndexes = parseIndexes(job.status?.completedIndexes);
  const indexed = job.spec?.completionMode === 'Indexed';
  const succeeded = (before.succeeded ?? []).filter((uid) => tracked.has(uid));
  const failed = (before.failed ?? []).filter((uid) => tracked.has(uid));
  const letGo = [...succeeded, ...failed].flatMap((uid) => tracked.get(uid) ?? []);
  for (const [uid, pod] of tracked) {
    if (!isTerminal(pod) || noted.has(uid)) continue;
    letGo.push(pod);
    if (pod.status?.phase === 'Succeeded') {
      const index = indexOf(pod);
      if (indexed && index !== undefined) completedIndexes.add(index);
      else succeeded.push(uid);
    } else if (!isIgnored(job, pod)) failed.push(uid);
  }
  return {
    succeeded: indexed ? completedIndexes.size : (job.status?.succeeded ?? 0) + counted(before.succeeded),
    failed: (job.status?.failed ?? 0) + counted(before.failed),
    uncounted: { succeeded, failed },
    completedIndexes,
    letGo,
  };
}

export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[indexAnnotation];
  return text === undefined ? undefined : Number(text);
}

/** `0,2-4` → 0, 2, 3, 4. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',').filter((s) => s !== '')) {
    const [first = NaN, last = first] = part.split('-').map(Number);
    for (let i = first; i <= last; i++) indexes.add(i);
  }
  return indexes;
}

export function formatIndexes(indexes: ReadonlySet<number>): string {
  const parts: string[] = [];
  const sorted = [...indexes].toSorted((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!;
    while (sorted[i + 1] === sorted[i]! + 1) i++;
    const last = sorted[i]!;
    parts.push(first === last ? String(first) : last === first + 1 ? `${first},${last}` : `${first}-${last}`);
  }
  return parts.join(',');
}
