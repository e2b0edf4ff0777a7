import { withCondition } from '../../api/conditions.ts';
import { hasEnded, TURNED_ROUND, type ReleaseTrackStatus } from '../../api/release/release.ts';
import { observedPercent, deliveryApplied, readyEndpoints, routersAgree } from './observed.ts';
import { close, ensureBuild, entryOf, occupant, tell, timestamp, wakeAt, type Turn, type WorkingRelease, type WorkingTrack } from './turn.ts';

/** Turns a release round: from here it only puts back what its tracks held before. */
export function fail(turn: Turn, working: WorkingRelease, step: { track?: string; actor?: string; reason: string; message: string }): void {
  working.status.phase = 'Aborting';
  const { reason, message } = step;
  working.status.conditions = withCondition(working.status.conditions ?? [], { type: TURNED_ROUND, status: 'True', reason, message, lastTransitionTime: timestamp(turn) });
  tell(turn, working, step);
}

/**
 * Puts back what every track of a failed or aborted release held before: weight first, then drain, then scale down.
 * A track whose former version has no pods any more sends its users to production until they are ready, unless it is strict.
 */
export function restoreTracks(turn: Turn, working: WorkingRelease): void {
  for (const entry of working.status.tracks) {
    const track = turn.tracks.find((t) => t.rules.name === entry.name);
    if (track === undefined || entry.phase === 'RolledBack' || entry.phase === 'Skipped') continue;
    if (entry.phase === 'Queued') { entry.phase = 'Skipped'; continue; }
    if (entry.phase === 'Passed' && (track.held.serving !== working.build || occupiedByOther(turn, working, entry.name))) continue;
    entry.phase = 'Failed';
    restoreTrack(turn, working, track, entry);
  }
  if (working.status.tracks.some((t) => t.phase === 'Failed')) return;
  const aborted = working.release.spec.abort !== undefined;
  working.status.phase = aborted ? 'Aborted' : 'Failed';
  working.status.completedAt = timestamp(turn);
  // What was put back stands in the history; why is what people look for.
  const why = working.status.conditions?.find((c) => c.type === TURNED_ROUND);
  if (why !== undefined) Object.assign(working.status, { reason: why.reason, message: why.message });
}

function restoreTrack(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  const { held, rules } = track;
  const { build } = working;
  const left = remainingShare(turn, working, track, entry);
  if (held.next?.build === build) {
    if (left > 0) held.next.percent = left;
    else delete held.next;
  }
  if (held.serving === build) {
    const target = restoreTarget(turn, working, entry);
    if (target === undefined && servesProduction(turn, working)) {
      // A rollback was aborted and what the track held before is bad too: the build that production serves anyway stays.
      entry.phase = 'Skipped';
      entry.completedAt = timestamp(turn);
      return;
    }
    if (target === undefined) {
      delete held.serving;
      held.percent = 0;
    } else {
      ensureBuild(track, target);
      turn.restoring.add(`${rules.name}/${target}`);
      if (readyEndpoints(turn.observed, rules, target) >= rules.endpointFloor) leave(track, build, target, left);
      else if (!rules.last && !rules.strict) close(held);
    }
  }
  const gone = held.serving !== build && routersAgree(turn.observed) && deliveryApplied(turn.observed) && leftDelivery(turn, track, build) && (observedPercent(turn.observed, rules, build) ?? 0) === 0;
  const neverServed = turn.observed.delivery?.spec.tracks.every((t) => t.serving !== build && t.next?.build !== build) === true && entry.shiftedAt === undefined;
  if (!gone && !neverServed) return;
  entry.phase = 'RolledBack';
  entry.completedAt = timestamp(turn);
  if (gone) entry.leftAt = timestamp(turn);
  entry.wantedPercent = 0;
  entry.observedPercent = 0;
  tell(turn, working, { track: entry.name, reason: 'RolledBack', message: `${entry.name} is back on ${held.serving ?? 'nothing'}` });
}

/** Gives the track back; `left` percent of its users stay on the build until the next step. */
function leave({ held, rules }: WorkingTrack, build: string, target: string, left: number): void {
  if (left > 0 && !rules.last) {
    held.percent = left;
    return;
  }
  held.serving = target;
  if (left > 0) held.next = { build, percent: left };
}

/** Percent of the track's users whom the Application's steps leave on the build for now; 0 where all are to go. */
function remainingShare(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): number {
  const rules = turn.spec.abort;
  const asked = working.release.spec.abort;
  const stepwise = rules !== undefined && working.type !== 'rollback' && !track.rules.strict && (asked === undefined ? rules.onFailure === true : asked.atOnce !== true);
  const had = entry.leaving?.percent ?? entry.observedPercent ?? 0;
  const target = restoreTarget(turn, working, entry);
  // Who has nowhere else to go stays until there is, and then leaves in steps.
  const ready = target !== undefined && readyEndpoints(turn.observed, track.rules, target) >= track.rules.endpointFloor;
  if (!stepwise || had === 0 || readyEndpoints(turn.observed, track.rules, working.build) < track.rules.endpointFloor || (entry.leaving === undefined && !ready)) return 0;
  const leaving = (entry.leaving ??= { percent: had, step: 0, since: timestamp(turn) });
  const intervalMs = rules.intervalSeconds * 1000;
  const share = (): number => Math.floor((leaving.percent * (rules.steps[leaving.step] ?? 0)) / 100);
  const arrived = deliveryApplied(turn.observed) && routersAgree(turn.observed) && observedPercent(turn.observed, track.rules, working.build) === share();
  if (arrived && turn.observed.now >= Date.parse(leaving.since) + intervalMs) {
    leaving.step++;
    leaving.since = timestamp(turn);
    if (leaving.step < rules.steps.length) tell(turn, working, { track: entry.name, reason: 'StepDown', message: `${entry.name}: ${share()} % stay on ${working.build} for now` });
  }
  if (leaving.step < rules.steps.length) wakeAt(turn, Date.parse(leaving.since) + intervalMs);
  return share();
}

/** The Delivery as it is written, not only as this turn would have it, gives the build no user. */
function leftDelivery(turn: Turn, track: WorkingTrack, build: string): boolean {
  const now = turn.observed.delivery?.spec.tracks.find((t) => t.name === track.rules.name);
  return now?.serving !== build && now?.next?.build !== build;
}

/** What the track held before; production's build where that one failed itself since. */
function restoreTarget(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus): string | undefined {
  const bad = (build: string) => {
    const newest = turn.releases.findLast((r) => r.build === build && r.type !== 'rollback');
    return build === working.build || (newest !== undefined && isBad(newest));
  };
  const { previousBuild } = entry;
  const exists = (build: string) => turn.observed.builds.some((b) => b.metadata?.name === build);
  if (previousBuild !== undefined && exists(previousBuild) && !bad(previousBuild)) return previousBuild;
  const last = turn.tracks.at(-1);
  const lastEntry = last && entryOf(working, last.rules.name);
  const production = last?.held.serving === working.build ? lastEntry?.previousBuild : last?.held.serving;
  return production !== undefined && production !== working.build ? production : undefined;
}

function servesProduction(turn: Turn, working: WorkingRelease): boolean {
  const last = turn.tracks.at(-1);
  const entry = last && entryOf(working, last.rules.name);
  return last?.held.serving === working.build && (entry === undefined || entry.phase === 'Skipped');
}

function isBad(other: WorkingRelease): boolean {
  return other.status.phase === 'Failed' || other.status.phase === 'Aborted' || other.status.phase === 'Aborting';
}

function occupiedByOther(turn: Turn, working: WorkingRelease, track: string): boolean {
  const other = occupant(turn, track);
  return other !== undefined && other !== working && !hasEnded(other);
}
