import type { Hook } from '../../api/application/application.ts';
import { hookJobName } from '../../api/names.ts';
import type { HookStatus, ReleaseTrackStatus } from '../../api/release/release.ts';
import { nameOf } from './observed.ts';
import { hookJob, judgeJob } from './release-job.ts';
import { fail } from './restore.ts';
import { entryOf, isHeld, startJob, tell, timestamp, type Turn, type WorkingRelease, type WorkingTrack } from './turn.ts';

/**
 * Runs the hooks of a track one after another; true when all have passed. Its Job is made under one name that the status holds first, and
 * never again once it was seen: so that no kill between two writes runs it twice.
 */
export function runHooks(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus, when: HookStatus['when']): boolean {
  for (const hook of track.rules.hooks?.[when] ?? []) {
    const status = statusOf(turn, working, track, entry, hook, when);
    if (status === undefined) return false;
    if (status.state === 'Starting' || status.state === 'Running') follow(turn, working, track, entry, hook, status);
    if (status.state === 'Failed') failed(turn, working, entry, hook, status);
    if (status.state !== 'Passed' && status.state !== 'Skipped') return false;
  }
  return true;
}

/** The hook's status; made where it has none and may begin. */
function statusOf(turn: Turn, working: WorkingRelease, { rules }: WorkingTrack, entry: ReleaseTrackStatus, { name }: Hook, when: HookStatus['when']): HookStatus | undefined {
  const known = entry.hooks?.find((h) => h.name === name && h.when === when);
  if (known !== undefined) return known;
  const before = ranBefore(turn, working, rules.name, name, when);
  if (before === 'running') {
    working.status.message = `${rules.name}: hook ${name} of an earlier release of ${working.build} still runs`;
    return undefined;
  }
  if (before === undefined && isHeld(turn, working)) return undefined;
  const status: HookStatus = { name, when, state: 'Starting', job: before?.job ?? hookJobName(working.name, rules.name, when, name), startedAt: timestamp(turn) };
  if (before !== undefined) Object.assign(status, { state: 'Passed', completedAt: timestamp(turn), message: `Ran for ${working.build} in an earlier release` });
  entry.hooks = [...(entry.hooks ?? []), status];
  if (before === undefined) tell(turn, working, { track: rules.name, reason: 'HookStarted', message: `Hook ${name} runs ${when === 'before' ? 'before' : 'after'} ${rules.name}` });
  return status;
}

/** What an earlier release of the same Build did: a retry does not migrate twice. */
function ranBefore(turn: Turn, working: WorkingRelease, track: string, name: string, when: HookStatus['when']): HookStatus | 'running' | undefined {
  for (const other of turn.releases) {
    if (other === working || other.build !== working.build) continue;
    const status = entryOf(other, track)?.hooks?.find((h) => h.name === name && h.when === when);
    if (status === undefined) continue;
    if (status.state === 'Passed') return status;
    if (status.state !== 'Starting' && status.state !== 'Running') continue;
    const job = turn.observed.jobs.find((j) => nameOf(j) === status.job);
    const verdict = job === undefined ? undefined : judgeJob(job).state;
    if (verdict === 'Passed') return status;
    if (verdict === 'Running') return 'running';
  }
  return undefined;
}

function follow(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus, hook: Hook, status: HookStatus): void {
  const job = turn.observed.jobs.find((j) => nameOf(j) === status.job);
  if (job === undefined && status.state === 'Starting') {
    startJob(turn, hookJob(turn.observed, working, track.rules, hook, status.job, entry.previousBuild));
    working.status.message = `${entry.name}: hook ${hook.name} starts`;
    return;
  }
  const verdict = job === undefined ? ({ state: 'Failed', message: `Job ${status.job} is gone, and nobody can tell how it ended: look, then promote --hook ${hook.name} or abort` } as const) : judgeJob(job);
  status.state = verdict.state;
  status.message = verdict.message;
  if (verdict.state === 'Running') working.status.message = `${entry.name}: hook ${hook.name} runs as Job ${status.job}`;
  else status.completedAt = timestamp(turn);
  if (verdict.state === 'Passed') tell(turn, working, { track: entry.name, reason: 'HookPassed', message: `Hook ${hook.name} succeeded` });
}

function failed(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus, { name, onFailure = 'rollback' }: Hook, status: HookStatus): void {
  const message = `Hook ${name} failed on ${entry.name}: ${status.message}`;
  const skip = working.release.spec.promote?.find((p) => p.hook === name && (p.track === entry.name || p.track === '*'));
  if (skip !== undefined) {
    status.state = 'Skipped';
    tell(turn, working, { track: entry.name, actor: skip.actor, reason: 'HookSkipped', message: `Hook ${name}, which failed, is skipped${skip.reason ? `: ${skip.reason}` : ''}` });
    return;
  }
  if (onFailure === 'rollback') fail(turn, working, { track: entry.name, reason: 'HookFailed', message });
  else {
    if (working.status.reason !== 'HookFailed') tell(turn, working, { track: entry.name, reason: 'HookFailed', message: `${message}: aweigh release promote --hook ${name}, or abort` });
    working.status.phase = 'Paused';
  }
}
