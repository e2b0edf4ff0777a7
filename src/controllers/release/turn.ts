import { resolveApplication, type ResolvedApplicationSpec, type ResolvedTrack } from '../../api/application/defaults.ts';
import type { DeliveryChange, DeliveryTrack } from '../../api/delivery/delivery.ts';
import { hasEnded, WAITING, type Release, type ReleaseStatus, type ReleaseTrackStatus, type TrackPhase, type WaitReason } from '../../api/release/release.ts';
import type { Job } from '../../kubernetes/types.generated.ts';
import { nameOf, type Observed } from './observed.ts';
import { compareAge } from '../../api/age.ts';
import { withCondition } from '../../api/conditions.ts';

const HISTORY_KEPT = 50;
const SETTLED: readonly TrackPhase[] = ['Queued', 'Passed', 'RolledBack', 'Skipped'];

/** A Release as this turn leaves it. */
export interface WorkingRelease {
  readonly release: Release;
  readonly name: string;
  readonly build: string;
  readonly type: 'promotion' | 'rollback' | 'hotfix';
  readonly status: ReleaseStatus & { tracks: ReleaseTrackStatus[] };
  /** What keeps it from its next track. */
  waiting?: { readonly reason: WaitReason; readonly message: string };
}

/** A track as this turn leaves it. */
export interface WorkingTrack {
  readonly rules: ResolvedTrack;
  readonly held: DeliveryTrack;
}

/**
 * One decision in the making: a copy of what the resources say, changed step by step. Statuses are written before the Delivery, so every
 * phase asks again for all that it needs in the Delivery: a process that dies between two writes leaves nothing that the next turn does not mend.
 */
export interface Turn {
  readonly observed: Observed;
  readonly spec: ResolvedApplicationSpec;
  readonly tracks: readonly WorkingTrack[];
  /** Oldest first. */
  readonly releases: readonly WorkingRelease[];
  readonly jobs: Job[];
  /** Builds that a track is being put back to, as `track/build`. */
  readonly restoring: Set<string>;
  change?: DeliveryChange;
  /** When to look again though nothing changes; milliseconds since the epoch. */
  dueAt: number;
}

export function beginTurn(observed: Observed): Turn {
  const spec = resolveApplication(observed.application);
  return {
    observed,
    spec,
    tracks: spec.tracks.map((rules) => ({ rules, held: heldTrack(observed, rules) })),
    releases: [...observed.releases].sort(compareAge).map((release) => ({
      release,
      name: nameOf(release),
      build: release.spec.build,
      type: release.spec.type ?? 'promotion',
      status: workingStatus(release),
    })),
    jobs: [],
    restoring: new Set(),
    dueAt: Infinity,
  };
}

/** A copy, but for ended releases: nothing changes them, and there may be many. */
function workingStatus(release: Release): WorkingRelease['status'] {
  const { status } = release;
  if (hasEnded(release)) return { ...status, tracks: status?.tracks ?? [] };
  return { ...structuredClone(status ?? {}), tracks: structuredClone(status?.tracks ?? []) };
}

/** What the track holds now, at the sizes and shares that the Application asks for. */
function heldTrack(observed: Observed, rules: ResolvedTrack): DeliveryTrack {
  const now = observed.delivery?.spec.tracks.find((t) => t.name === rules.name);
  const serving = now?.serving;
  return {
    name: rules.name,
    ...(serving === undefined ? {} : { serving }),
    percent: serving === undefined ? 0 : rules.percent,
    // One without pods never had any: it waits for hooks, or failed in them.
    builds: (now?.builds ?? []).map(({ build, replicas }) => ({ build, replicas: replicas === 0 ? 0 : rules.replicas })),
    ...(now?.next === undefined ? {} : { next: { ...now.next } }),
  };
}

export function isAborting(working: WorkingRelease): boolean {
  return working.status.phase === 'Aborting';
}

/** A person holds it: nothing goes on, a failure still rolls back. Rollbacks are what a hold is for, and go on. */
export function isHeld(turn: Turn, working: WorkingRelease): boolean {
  return working.release.spec.paused === true || (turn.spec.hold === true && working.type === 'promotion');
}

/** The release has work to do on this track: no other may take it. */
export function inMotion(entry: ReleaseTrackStatus): boolean {
  return !SETTLED.includes(entry.phase);
}

export function entryOf(working: WorkingRelease, track: string): ReleaseTrackStatus | undefined {
  return working.status.tracks.find((t) => t.name === track);
}

/** The release that has the track, if any. */
export function occupant(turn: Turn, track: string): WorkingRelease | undefined {
  return turn.releases.find((r) => {
    const entry = entryOf(r, track);
    return !hasEnded(r) && entry !== undefined && inMotion(entry);
  });
}

export function timestamp(turn: Turn): string {
  return new Date(turn.observed.now).toISOString();
}

/** Looks again at `at` (milliseconds since the epoch) at the latest. */
export function wakeAt(turn: Turn, at: number): void {
  turn.dueAt = Math.min(turn.dueAt, at);
}

export function ensureBuild({ held, rules }: WorkingTrack, build: string): void {
  const own = held.builds.find((b) => b.build === build);
  if (own === undefined) held.builds.push({ build, replicas: rules.replicas });
  else own.replicas = rules.replicas;
}

/** Makes a Job in this turn, once. */
export function startJob(turn: Turn, job: Job): void {
  if (!turn.jobs.some((j) => j.metadata?.name === job.metadata?.name)) turn.jobs.push(job);
}

/** Sends all users of the track to production. */
export function close(held: DeliveryTrack): void {
  held.percent = 0;
  held.closed = true;
}

/** Adds a line to the release's story; the first of a turn explains the change of the Delivery too. */
export function tell(turn: Turn, working: WorkingRelease, step: { track?: string; actor?: string; reason: string; message: string }): void {
  const actor = step.actor ?? 'aweigh';
  const { track, reason, message } = step;
  working.status.reason = reason;
  working.status.message = message;
  working.status.history = [...(working.status.history ?? []), { at: timestamp(turn), ...(track && { track }), actor, reason, message }].slice(-HISTORY_KEPT);
  explain(turn, { release: working.name, ...(track && { track }), actor, reason, message });
}

/** Says what the release waits for. Told anew in each turn: what nobody says any more is over. */
export function wait(working: WorkingRelease, reason: WaitReason, message: string): void {
  working.waiting = { reason, message };
  working.status.message = message;
}

/** The condition {@link WAITING}, as this turn leaves it. */
export function showWaiting(turn: Turn, working: WorkingRelease): void {
  const { status, waiting } = working;
  const others = (status.conditions ?? []).filter((c) => c.type !== WAITING);
  if (waiting !== undefined && !hasEnded(working) && !isAborting(working)) {
    status.conditions = withCondition(status.conditions ?? [], { type: WAITING, status: 'True', ...waiting, lastTransitionTime: timestamp(turn) });
  } else if (others.length !== (status.conditions ?? []).length) {
    status.conditions = others;
  }
}

/** Why the Delivery changes in this turn; the last word is the one that says most. */
export function explain(turn: Turn, change: DeliveryChange): void {
  turn.change = change;
}
