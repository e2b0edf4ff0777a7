import { hasEnded } from '../../api/release/release.ts';
import { groupHasBegun, brokenBy, waitsBeforeTrack } from './group.ts';
import { waitsForPlace } from './places.ts';
import { awaitsConfig } from '../../api/build/config.ts';
import { compareAge } from '../../api/age.ts';
import { buildOf } from './observed.ts';
import { fail } from './restore.ts';
import { windowState } from './time-window.ts';
import { entryOf, inMotion, isAborting, isHeld, occupant, tell, timestamp, wait, wakeAt, type Turn, type WorkingRelease } from './turn.ts';

/**
 * Decides which release takes which track. A track keeps its release until that passes or fails; one newest release waits before each
 * track and older ones that wait are superseded: so a newer build never starves one that moves.
 */
export function assignTracks(turn: Turn): void {
  for (const working of turn.releases) {
    delete working.waiting;
    if (!hasEnded(working) && working.release.spec.abort !== undefined && !isAborting(working)) {
      fail(turn, working, { actor: working.release.spec.abort.actor, reason: 'Aborted', message: `Aborted: ${working.release.spec.abort.reason}` });
    }
    const broken = hasEnded(working) || isAborting(working) ? undefined : brokenBy(turn, working);
    if (broken !== undefined) fail(turn, working, { reason: 'GroupAborted', message: broken });
  }
  for (const working of turn.releases) if (!hasEnded(working) && !isAborting(working) && working.type === 'rollback') beginRollback(turn, working);
  if (beginFirst(turn)) return;
  for (const { rules } of turn.tracks) assignTrack(turn, rules.name);
}

/** The first Build goes to all tracks at once: there is nobody yet whom a stage could protect. */
function beginFirst(turn: Turn): boolean {
  const last = turn.tracks.at(-1);
  if (last === undefined || last.held.serving !== undefined) return false;
  if (turn.releases.some((r) => !hasEnded(r) && r.status.tracks.some(inMotion))) return true;
  const newest = turn.releases.filter((r) => !hasEnded(r) && !isHeld(turn, r) && buildOf(turn.observed, r.build) !== undefined).at(-1);
  if (newest === undefined || !mayCome(turn, newest, turn.tracks.length - 1)) return true;
  for (const { rules } of turn.tracks) {
    take(turn, newest, rules.name);
    const entry = entryOf(newest, rules.name);
    if (entry !== undefined) entry.gates = rules.gates.map((g) => ({ name: g.name, kind: Object.keys(g).find((k) => k !== 'name') ?? 'soak', state: 'Skipped' as const, message: 'The first build has no users to protect' }));
  }
  tell(turn, newest, { reason: 'FirstBuild', message: `${newest.build} is the first build and goes to all tracks` });
  return true;
}

/** A rollback takes every track that serves another build, from the releases that are on them, all at once: also one that an earlier rollback put further back, or its users would be behind production's. */
function beginRollback(turn: Turn, working: WorkingRelease): void {
  if (working.status.tracks.length > 0) return;
  const target = buildOf(turn.observed, working.build);
  if (target === undefined) {
    working.status.phase = 'Failed';
    working.status.completedAt = timestamp(turn);
    tell(turn, working, { reason: 'BuildMissing', message: `Build ${working.build} does not exist: aweigh release history shows which do` });
    return;
  }
  const same = turn.releases.find((r) => r !== working && r.type === 'rollback' && !hasEnded(r) && !isAborting(r) && r.build === working.build && compareAge(r.release, working.release) < 0);
  if (same !== undefined) return supersede(turn, working, same, `${same.name} goes back to ${working.build} already`);
  const later = (build: string): boolean => {
    const other = buildOf(turn.observed, build);
    return build !== working.build && (other === undefined || compareAge(other, target) > 0);
  };
  for (const other of turn.releases) {
    if (other === working || hasEnded(other) || other.build === working.build || compareAge(other.release, working.release) > 0) continue;
    if (other.type === 'rollback' || later(other.build)) supersede(turn, other, working, `Rolled back to ${working.build} by ${working.release.spec.actor ?? 'aweigh'}`, 'Aborted');
  }
  for (const { rules, held } of turn.tracks) {
    const leaves = held.next !== undefined && later(held.next.build);
    if (held.serving !== undefined && (held.serving !== working.build || leaves)) take(turn, working, rules.name);
    else working.status.tracks.push({ name: rules.name, phase: 'Skipped' });
  }
  const { actor = 'aweigh', reason } = working.release.spec;
  tell(turn, working, { actor, reason: 'Rollback', message: `Back to ${working.build}${reason ? `: ${reason}` : ''}` });
}

function assignTrack(turn: Turn, track: string): void {
  const waiting = turn.releases.filter((r) => r.type !== 'rollback' && waitsFor(turn, r) === track);
  const newest = waiting.find((r) => groupHasBegun(turn, r)) ?? waiting.at(-1);
  if (newest === undefined) return;
  for (const older of waiting) {
    if (compareAge(older.release, newest.release) < 0) supersede(turn, older, newest, `${newest.build} is newer and waits before ${track} too`);
    else if (older !== newest) wait(older, 'Group', `Waits behind ${newest.build}, whose group is under way`);
  }
  const newer = turn.releases.find((r) => r.type === 'promotion' && newest.type === 'promotion' && compareAge(r.release, newest.release) > 0 && hasTaken(r, track));
  if (newer !== undefined) return supersede(turn, newest, newer, `${newer.build} is newer and already on ${track}`);
  const { queuedAt } = newest.status;
  if (newest.status.startedAt === undefined) delete newest.status.queuedAt;
  if (isHeld(turn, newest)) {
    wait(newest, 'Held', turn.spec.hold === true ? 'The application is on hold' : 'Paused');
    return;
  }
  const freeze = frozen(turn, newest, track);
  if (freeze !== undefined) {
    wait(newest, 'Frozen', freeze);
    return;
  }
  const holder = occupant(turn, track);
  if (holder !== undefined) {
    const overtakes = newest.type === 'hotfix' && holder.type === 'promotion' && compareAge(newest.release, holder.release) > 0;
    if (!overtakes) {
      wait(newest, 'TrackTaken', `Waits before ${track}, where ${holder.build} is`);
      return;
    }
  }
  if (queuedAt !== undefined) newest.status.queuedAt = queuedAt;
  if (!mayCome(turn, newest, turn.tracks.findIndex((t) => t.rules.name === track))) return;
  if (holder !== undefined) supersede(turn, holder, newest, `Hotfix ${newest.build} took ${track}`);
  take(turn, newest, track);
  tell(turn, newest, { track, actor: newest.release.spec.actor ?? 'aweigh', reason: 'ScaleUp', message: `${newest.build} comes to ${track}` });
}

/** False while something outside the Application keeps the release from its `index`th track; its message says what. */
function mayCome(turn: Turn, working: WorkingRelease, index: number): boolean {
  if (lacksConfig(turn, working)) return false;
  const group = waitsBeforeTrack(turn, working, index);
  if (group !== undefined) {
    wait(working, 'Group', group);
    return false;
  }
  const place = groupHasBegun(turn, working) ? undefined : waitsForPlace(turn, working);
  if (place !== undefined) wait(working, 'NoPlace', place);
  return place === undefined;
}

/** True while the ConfigMaps and Secrets that the build is to read have not been captured. */
function lacksConfig(turn: Turn, working: WorkingRelease): boolean {
  const build = buildOf(turn.observed, working.build);
  if (build === undefined || !awaitsConfig(turn.observed.application, build)) return false;
  wait(working, 'ConfigMissing', build.status?.conditions?.find((c) => c.type === 'Configured' && c.status === 'False')?.message ?? 'Its ConfigMaps and Secrets are being captured');
  return true;
}

/** Why a promotion may not come to a track now, if it may not. */
function frozen(turn: Turn, working: WorkingRelease, track: string): string | undefined {
  if (working.type !== 'promotion' || working.release.spec.promote?.some((p) => p.hook === undefined && (p.track === track || p.track === '*'))) return undefined;
  for (const freeze of [...(turn.spec.freezeWindows ?? []), ...turn.observed.places.flatMap((p) => p.freezeWindows)]) {
    const state = windowState(freeze, turn.observed.now);
    if (state.state === 'invalid') return `Freeze ${freeze.name}: ${state.message}`;
    if (state.state !== 'open') continue;
    wakeAt(turn, state.until);
    return `Frozen by ${freeze.name} until ${new Date(state.until).toISOString()}${freeze.reason ? `: ${freeze.reason}` : ''}`;
  }
  return undefined;
}

/** The track that a release needs next; undefined while it moves on one, or has none left. */
export function waitsFor(turn: Turn, working: WorkingRelease): string | undefined {
  if (hasEnded(working) || isAborting(working) || working.status.tracks.some(inMotion)) return undefined;
  return turn.tracks.find(({ rules }) => {
    const phase = entryOf(working, rules.name)?.phase;
    return phase !== 'Passed' && phase !== 'Skipped';
  })?.rules.name;
}

function hasTaken(working: WorkingRelease, track: string): boolean {
  const phase = entryOf(working, track)?.phase;
  return working.status.phase !== 'Failed' && working.status.phase !== 'Aborted' && !isAborting(working) && phase !== undefined && phase !== 'Queued' && phase !== 'Skipped' && phase !== 'RolledBack' && phase !== 'Failed';
}

function take(turn: Turn, working: WorkingRelease, name: string): void {
  const track = turn.tracks.find((t) => t.rules.name === name);
  // After a rebuild from the record the track may serve the build already: then what it holds besides is what it served before.
  const previousBuild = track?.held.serving === working.build ? (track.held.builds.findLast((b) => b.build !== working.build)?.build ?? working.build) : track?.held.serving;
  const hooked = working.type !== 'rollback' && turn.tracks.some((t) => (previousBuild === undefined || t === track) && (t.rules.hooks?.before ?? []).length > 0);
  const entry = { name, phase: hooked ? ('Preparing' as const) : ('ScalingUp' as const), ...(previousBuild !== undefined && { previousBuild }), startedAt: timestamp(turn) };
  working.status.tracks = [...working.status.tracks.filter((t) => t.name !== name), entry];
  working.status.startedAt ??= timestamp(turn);
}

/** Ends a release whose tracks another takes over. What it serves stays until the other one has shifted. */
function supersede(turn: Turn, working: WorkingRelease, by: WorkingRelease, message: string, phase: 'Superseded' | 'Aborted' = 'Superseded'): void {
  for (const entry of working.status.tracks) {
    if (!inMotion(entry)) continue;
    const held = turn.tracks.find((t) => t.rules.name === entry.name)?.held;
    if (held?.next?.build === working.build) delete held.next;
    // What it was leaving may have had users until now.
    if (entry.phase === 'Shifting') entry.shiftedAt ??= timestamp(turn);
    entry.phase = 'Skipped';
    entry.completedAt = timestamp(turn);
  }
  // Who pushes often keeps the place that the first of these builds took.
  if (working.status.queuedAt !== undefined && working.status.startedAt === undefined && by.status.startedAt === undefined) by.status.queuedAt = working.status.queuedAt;
  working.status.phase = phase;
  working.status.completedAt = timestamp(turn);
  tell(turn, working, { actor: by.release.spec.actor ?? 'aweigh', reason: phase === 'Aborted' ? 'RolledBack' : 'Superseded', message });
}

