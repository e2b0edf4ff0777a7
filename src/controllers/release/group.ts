import type { BuildGroup } from '../../api/build/build.ts';
import type { Release, ReleaseTrackStatus } from '../../api/release/release.ts';
import { nameOf } from './observed.ts';
import type { Turn, WorkingRelease } from './turn.ts';

/** Another Application's part in a group. */
export interface GroupMember {
  readonly application: string;
  /** Its tracks, in order; none where the Application does not exist. */
  readonly tracks: readonly string[];
  /** What it says of the group; absent: it has no Build in it yet. */
  readonly group?: BuildGroup;
  /** The newest Release of that Build. */
  readonly release?: Release;
}

/** Why a release of a group may not come to its `index`th track yet; undefined where it may, or is in no group. */
export function waitsBeforeTrack(turn: Turn, working: WorkingRelease, index: number): string | undefined {
  const { group, members } = groupOf(turn, working);
  if (group === undefined) return undefined;
  const odd = members.find((m) => m.group !== undefined && m.group.applications.join() !== group.applications.join());
  if (odd !== undefined) return `Group ${group.name}: ${odd.application} names other members (${odd.group?.applications.join(', ')}): push its Build again with the same list`;
  const absent = members.filter((m) => m.release === undefined || endedBefore(m.release, working)).map((m) => m.application);
  if (absent.length > 0) return `Waits for ${absent.join(', ')} of group ${group.name}: push or retry ${absent.length === 1 ? 'it' : 'them'}`;
  if (group.order !== 'inOrder') return undefined;
  const before = group.applications.slice(0, group.applications.indexOf(nameOf(turn.observed.application)));
  const late = members.find((m) => before.includes(m.application) && verifiedTracks(m) < Math.min(index + 1, m.tracks.length));
  return late === undefined ? undefined : `Waits for ${late.application}, which comes first in group ${group.name}`;
}

/** Why a release of a group that has passed its `index`th track may not go on yet: all or nothing, track by track. */
export function waitsBehindTrack(turn: Turn, working: WorkingRelease, index: number): string | undefined {
  const { group, members } = groupOf(turn, working);
  const late = members.filter((m) => verifiedTracks(m) < Math.min(index + 1, m.tracks.length)).map((m) => m.application);
  return late.length === 0 ? undefined : `Waits for ${late.join(', ')} of group ${group?.name}`;
}

/** Why a release of a group that is on all its tracks is not complete yet. */
export function waitsForCompletion(turn: Turn, working: WorkingRelease): string | undefined {
  const { group, members } = groupOf(turn, working);
  const late = members.filter((m) => m.release?.status?.phase !== 'Completed' && m.tracks.some((t) => m.release?.status?.tracks?.find((e) => e.name === t)?.phase !== 'Passed')).map((m) => m.application);
  return late.length === 0 ? undefined : `Waits until ${late.join(', ')} of group ${group?.name} ${late.length === 1 ? 'is' : 'are'} on every track`;
}

/** Which release of the group failed or was ended, and so ends this one; undefined where none did. */
export function brokenBy(turn: Turn, working: WorkingRelease): string | undefined {
  const { group, members } = groupOf(turn, working);
  const broken = members.find(({ release }) => release !== undefined && hasEndedBadly(release) && !endedBefore(release, working));
  return broken?.release === undefined ? undefined : `Group ${group?.name}: ${nameOf(broken.release)} is ${broken.release.status?.phase} (${broken.release.status?.message ?? 'no reason given'})`;
}

/** A part of the group has a track: newer builds wait behind it. */
export function groupHasBegun(turn: Turn, working: WorkingRelease): boolean {
  const { group, members } = groupOf(turn, working);
  return group !== undefined && (working.status.startedAt !== undefined || members.some((m) => m.release?.status?.startedAt !== undefined && !endedBefore(m.release, working)));
}

function groupOf({ observed }: Turn, working: WorkingRelease): { group?: BuildGroup; members: readonly GroupMember[] } {
  const group = working.type === 'rollback' ? undefined : observed.builds.find((b) => nameOf(b) === working.build)?.spec.group;
  return group === undefined ? { members: [] } : { group, members: observed.groups.get(group.name) ?? [] };
}

function hasEndedBadly({ status }: Release): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Aborted' || status?.phase === 'Aborting' || status?.phase === 'Superseded';
}

/** A bad end that was over before this release was made, such as before a retry, says nothing of it. */
function endedBefore(release: Release, working: WorkingRelease): boolean {
  const { completedAt } = release.status ?? {};
  return hasEndedBadly(release) && completedAt !== undefined && Date.parse(completedAt) < Date.parse(working.release.metadata?.creationTimestamp ?? '');
}

function verifiedTracks({ release, tracks }: GroupMember): number {
  if (release?.status?.phase === 'Completed') return tracks.length;
  const ahead = tracks.findIndex((name) => !isVerified(release?.status?.tracks?.find((t) => t.name === name)));
  return ahead < 0 ? tracks.length : ahead;
}

function isVerified(entry: ReleaseTrackStatus | undefined): boolean {
  return entry?.verifiedAt !== undefined || entry?.phase === 'Passed' || entry?.phase === 'Skipped';
}
