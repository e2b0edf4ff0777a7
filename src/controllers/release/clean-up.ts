import { hasEnded } from '../../api/release/release.ts';
import { backendName } from '../../api/names.ts';
import { deliveryApplied, refusal, routersAgree, versionOf } from './observed.ts';
import { entryOf, explain, inMotion, isAborting, wakeAt, type Turn, type WorkingTrack } from './turn.ts';

/**
 * Takes away builds that no one needs on a track any more, once the routers, as read back, send them nobody and their requests had time
 * to finish. What served production before stays warm for `keepWarmSeconds`.
 */
export function removeIdleBuilds(turn: Turn): void {
  for (const track of turn.tracks) {
    const { held, rules } = track;
    for (const { build } of held.builds) {
      if (isNeeded(turn, track, build) || !isUnreachable(turn, track, build)) continue;
      const due = idleSince(turn, track, build);
      if (due !== undefined && turn.observed.now < due) {
        wakeAt(turn, due);
        continue;
      }
      held.builds = held.builds.filter((b) => b.build !== build);
      turn.change ??= { track: rules.name, actor: 'aweigh', reason: 'ScaleDown', message: `${build} left ${rules.name}` };
    }
  }
  if (turn.change === undefined) explain(turn, { actor: 'aweigh', reason: 'ApplicationChanged', message: 'the Application asks for other sizes or shares' });
}

function isNeeded(turn: Turn, { held, rules }: WorkingTrack, build: string): boolean {
  if (held.serving === build || held.next?.build === build || turn.restoring.has(`${rules.name}/${build}`)) return true;
  return turn.releases.some((r) => {
    if (hasEnded(r)) return false;
    const entry = entryOf(r, rules.name);
    if (isAborting(r)) return false;
    // After a rebuild from the record it serves here before its release has come here again, which may still fail.
    if (entry === undefined && r.build === held.serving) return true;
    if (entry === undefined || !inMotion(entry)) return false;
    return r.build === build || (entry.previousBuild === build && entry.phase !== 'Draining');
  });
}

function isUnreachable(turn: Turn, { rules }: WorkingTrack, build: string): boolean {
  const { delivery, router } = turn.observed;
  const written = delivery?.spec.tracks.find((t) => t.name === rules.name);
  if (written?.serving === build || written?.next?.build === build) return false;
  if (router === undefined || refusal(turn.observed, rules, build) !== undefined) return true;
  if (!deliveryApplied(turn.observed) || !routersAgree(turn.observed)) return false;
  const backend = backendName(rules.name, versionOf(turn.observed, build));
  const answer = router.status?.observed;
  return answer?.routes.every((r) => r.backend !== backend) === true && answer.production.backend !== backend && answer.production.next?.backend !== backend;
}

/** When the pods may go; undefined where the build never had a user. */
function idleSince(turn: Turn, { rules }: WorkingTrack, build: string): number | undefined {
  const warm = rules.last ? turn.spec.keepWarmSeconds : 0;
  let due: number | undefined;
  const note = (at: string | undefined, seconds: number) => {
    if (at !== undefined) due = Math.max(due ?? 0, Date.parse(at) + seconds * 1000);
  };
  for (const r of turn.releases) {
    const entry = entryOf(r, rules.name);
    if (entry === undefined) continue;
    const good = r.type !== 'rollback' && r.status.phase !== 'Failed' && r.status.phase !== 'Aborted';
    if (entry.previousBuild === build) note(entry.shiftedAt, turn.spec.drainSeconds + (good ? warm : 0));
    if (r.build === build) note(entry.leftAt, turn.spec.drainSeconds);
  }
  return due;
}
