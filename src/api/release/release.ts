import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/** One Build on its way through the tracks. People steer it by its spec; its status is the whole story. */
export interface Release extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: ReleaseSpec;
  status?: ReleaseStatus;
}

export interface ReleaseSpec {
  application: string;
  build: string;
  /** `promotion` (default) goes track by track; `rollback` goes to every track that serves another Build, weight first; `hotfix` skips the named tracks' gates. */
  type?: 'promotion' | 'rollback' | 'hotfix';
  /** Who asked, for the record; default `aweigh`. */
  actor?: string;
  reason?: string;
  paused?: boolean;
  /** Set to end the release and put back what its tracks held before. */
  abort?: { actor: string; reason: string; /** Not in the Application's steps. */ atOnce?: boolean };
  /** Approvals given, by track and gate. */
  approvals?: { track: string; gate: string; actor: string; at: string; message?: string }[];
  /** Tracks (or `*`) whose remaining gates a person skipped. With `hook`: only that hook, which failed. */
  promote?: { track: string; hook?: string; actor: string; reason?: string }[];
}

export type ReleasePhase =
  | 'Pending' /* waits for its first track */
  | 'Progressing' | 'Paused' | 'Aborting'
  | 'Completed' | 'Failed' | 'Aborted' | 'Superseded';

export const ENDED_PHASES: readonly ReleasePhase[] = ['Completed', 'Failed', 'Aborted', 'Superseded'];

export const hasEnded = ({ status }: Pick<Release, 'status'>): boolean => status?.phase !== undefined && ENDED_PHASES.includes(status.phase);

/** Condition of a Release, with a {@link WaitReason}; absent: it does not wait. */
export const WAITING = 'Waiting';

/** Condition: it was turned round, with the reason and what to do, which stays when all is put back. */
export const TURNED_ROUND = 'TurnedRound';

export type WaitReason =
  | 'Held' /* a person holds it, or its Application */
  | 'Frozen'
  | 'TrackTaken' /* another release is where it goes next */
  | 'NoPlace' /* a ReleasePolicy lets no more be in motion */
  | 'Group' | 'ConfigMissing';

export type TrackPhase =
  | 'Queued' | 'Preparing' /* hooks before */ | 'ScalingUp' | 'Testing' | 'Shifting' | 'Verifying' | 'Finishing' /* hooks after */ | 'Draining' | 'Passed' | 'Failed' | 'RolledBack' | 'Skipped';

export interface ReleaseStatus {
  observedGeneration?: number;
  phase?: ReleasePhase;
  /** The track that the release is on. */
  track?: string;
  /** Machine-readable reason of the last step, PascalCase. */
  reason?: string;
  message?: string;
  /** Since when it waits for a place among the releases in motion. */
  queuedAt?: string;
  startedAt?: string;
  completedAt?: string;
  tracks?: ReleaseTrackStatus[];
  /** {@link WAITING} is there while something outside the release keeps it from its next track, {@link TURNED_ROUND} from a failure or an abort on. */
  conditions?: Condition[];
  /** Newest last; at most 50. */
  history?: { at: string; track?: string; actor: string; reason: string; message: string; commit?: string }[];
}

export interface ReleaseTrackStatus {
  name: string;
  phase: TrackPhase;
  /** The Build that this track served before. Absent: none. */
  previousBuild?: string;
  startedAt?: string;
  /** When the routers' read-back showed the new version. */
  shiftedAt?: string;
  /** When its gates had passed; a group goes on when all its releases have got here. */
  verifiedAt?: string;
  completedAt?: string;
  /** The steps in which users leave it: the share that it had, which step it is at and since when. */
  leaving?: { percent: number; step: number; since: string };
  /** When the routers' read-back showed that a rolled back build has no user any more. */
  leftAt?: string;
  /** Since when the build has fewer ready endpoints than the floor while it serves. */
  degradedAt?: string;
  wantedPercent?: number;
  /** As read back from the routers. */
  observedPercent?: number;
  stepIndex?: number;
  hooks?: HookStatus[];
  gates?: { name: string; kind: string; state: 'Waiting' | 'Running' | 'Passed' | 'Failed' | 'Inconclusive' | 'Skipped'; startedAt?: string; completedAt?: string; message?: string; values?: Record<string, number | string> }[];
}

export interface HookStatus {
  name: string;
  when: 'before' | 'after';
  /** `Starting`: its Job is being made; it is made once, under one name, whatever dies meanwhile. */
  state: 'Starting' | 'Running' | 'Passed' | 'Failed' | 'Skipped';
  /** The Job that has its output. */
  job: string;
  startedAt?: string;
  completedAt?: string;
  message?: string;
}
