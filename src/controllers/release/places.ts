import type { FreezeWindow } from '../../api/application/application.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import type { ReleasePolicy } from '../../api/release-policy/release-policy.ts';
import { nameOf } from './observed.ts';
import { timestamp, wakeAt, type Turn, type WorkingRelease } from './turn.ts';

/** Who ends a release wakes those that wait; a Release that somebody deleted does not. */
const LOOK_AGAIN_MS = 30_000;

/** What a ReleasePolicy says to one Application right now. */
export interface Places {
  readonly policy: string;
  /** Absent: any number. */
  readonly limit?: number;
  /** Releases in motion, each group once, as `namespace/name`. */
  readonly taken: ReadonlySet<string>;
  /** Releases that wait, the first to be served first, as `namespace/name`. */
  readonly queue: readonly string[];
  readonly freezeWindows: readonly FreezeWindow[];
}

export const isQueued = (release: Release): boolean => release.status?.queuedAt !== undefined && release.status.startedAt === undefined && !hasEnded(release);
export const isMoving = (release: Release): boolean => release.status?.startedAt !== undefined && !hasEnded(release);

/** What the policies say to a namespace.
 *  @param moving and queued those of the whole cluster
 *  @param groupOf name of the group that a Release is part of */
export function placesOf(namespace: string, policies: readonly ReleasePolicy[], moving: readonly Release[], queued: readonly Release[], groupOf: (release: Release) => string | undefined): Places[] {
  if (policies.length === 0) return [];
  const unit = (release: Release): string => `${release.metadata?.namespace}/${groupOf(release) ?? nameOf(release)}`;
  const ordered = queued.toSorted((a, b) => (a.status?.queuedAt ?? '').localeCompare(b.status?.queuedAt ?? '') || unit(a).localeCompare(unit(b)));
  const all = policies.map((policy) => ({ policy, taken: new Set(moving.filter((r) => governs(policy, r.metadata?.namespace)).map(unit)) }));
  const isFull = ({ policy, taken }: (typeof all)[number]): boolean => policy.spec.releasesInMotion !== undefined && taken.size >= policy.spec.releasesInMotion;
  return all.filter(({ policy }) => governs(policy, namespace)).map((own) => {
    // Who waits for another policy anyway is not in anybody's way here.
    const blocked = (release: Release): boolean => all.some((other) => other !== own && isFull(other) && governs(other.policy, release.metadata?.namespace));
    const queue = ordered.filter((r) => governs(own.policy, r.metadata?.namespace) && (r.metadata?.namespace === namespace || !blocked(r))).map(idOf);
    const { releasesInMotion, freezeWindows = [] } = own.policy.spec;
    return { policy: nameOf(own.policy), ...(releasesInMotion !== undefined && { limit: releasesInMotion }), taken: own.taken, queue, freezeWindows };
  });
}

const governs = ({ spec }: ReleasePolicy, namespace = ''): boolean => spec.namespaces?.includes(namespace) ?? true;

/**
 * Why a release may not begin for want of a place; undefined where it may. It begins only once its own place in the queue is in what all
 * Applications observe: as they count the same copies, no two take the last place.
 */
export function waitsForPlace(turn: Turn, working: WorkingRelease): string | undefined {
  if (working.type !== 'promotion' || working.status.startedAt !== undefined) return undefined;
  const limits = turn.observed.places.filter((p) => p.limit !== undefined);
  if (limits.length === 0) return undefined;
  const seen = working.release.status?.queuedAt !== undefined;
  working.status.queuedAt ??= timestamp(turn);
  for (const { policy, limit = 0, taken, queue } of limits) {
    wakeAt(turn, turn.observed.now + LOOK_AGAIN_MS);
    const before = seen ? queue.indexOf(idOf(working.release)) : queue.length;
    if (before >= 0 && seen && taken.size + before < limit) continue;
    return `Waits for a place: policy ${policy} lets ${limit} releases be in motion, ${taken.size} are, ${Math.max(0, before)} wait before it`;
  }
  return undefined;
}

function idOf(release: Release): string {
  return `${release.metadata?.namespace}/${nameOf(release)}`;
}
