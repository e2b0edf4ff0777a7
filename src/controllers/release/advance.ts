import type { Gate, TrackStep } from '../../api/application/application.ts';
import type { ResolvedTrack } from '../../api/application/defaults.ts';
import type { ReleaseTrackStatus, TrackPhase } from '../../api/release/release.ts';
import { judgeGates, skipsGates, type GatesOutcome } from './gates.ts';
import { askedForAt, buildOf, deliveryApplied, deploymentOf, observedPercent, readyEndpoints, readyReplicas, refusal, stallKey, untoldBecause, wasComplete } from './observed.ts';
import { waitsBehindTrack } from './group.ts';
import { runHooks } from './hooks.ts';
import { fail } from './restore.ts';
import { comingSize } from './sizes.ts';
import { close, ensureBuild, entryOf, isAborting, isHeld, tell, timestamp, wait, wakeAt, type Turn, type WorkingRelease, type WorkingTrack } from './turn.ts';

/** Ready endpoints may be too few for so long, such as while a pod restarts, before the release fails. */
const ENDPOINTS_GRACE_MS = 10_000;

/** Takes a release as far on a track as what is observed allows. Each phase asks for all that it needs in the Delivery. */
export function advance(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus): void {
  const track = turn.tracks.find((t) => t.rules.name === entry.name);
  if (track === undefined) {
    entry.phase = 'Skipped';
    return;
  }
  if (buildOf(turn.observed, working.build) === undefined) {
    fail(turn, working, { track: entry.name, reason: 'BuildMissing', message: `Build ${working.build} does not exist any more: push it again` });
    return;
  }
  ensureBuild(track, working.build);
  if (entry.phase === 'Preparing') withoutPods(turn, track, working.build);
  if (entry.previousBuild !== undefined && entry.phase !== 'Draining' && buildOf(turn.observed, entry.previousBuild) !== undefined) ensureBuild(track, entry.previousBuild);
  if (failsOnEndpoints(turn, working, track, entry)) return;
  for (;;) {
    const before = `${entry.phase} ${entry.stepIndex}`;
    advancePhase(turn, working, track, entry);
    if (isAborting(working) || `${entry.phase} ${entry.stepIndex}` === before) return;
  }
}

function advancePhase(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  switch (entry.phase) {
    case 'Preparing': return prepare(turn, working, track, entry);
    case 'ScalingUp': return scaleUp(turn, working, track, entry);
    case 'Testing': return test(turn, working, track, entry);
    case 'Shifting': return shift(turn, working, track, entry);
    case 'Verifying': return verify(turn, working, track, entry);
    case 'Finishing': return finish(turn, working, track, entry);
    case 'Draining': return drain(turn, working, track, entry);
    default: return;
  }
}

/** While hooks run the build is held with what it reads, and not with pods, unless it has some here already. */
function withoutPods(turn: Turn, { held, rules }: WorkingTrack, build: string): void {
  const written = turn.observed.delivery?.spec.tracks.find((t) => t.name === rules.name)?.builds.find((b) => b.build === build);
  const own = held.builds.find((b) => b.build === build);
  if (own !== undefined && (written === undefined || written.replicas === 0)) own.replicas = 0;
}

/** The first build comes to all tracks at once, and yet after the hooks of the tracks before. */
function prepare(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  const index = turn.tracks.indexOf(track);
  if (turn.tracks.slice(0, index).some((t) => entryOf(working, t.rules.name)?.phase === 'Preparing')) return;
  if (!runHooks(turn, working, track, entry, 'before')) return;
  entry.startedAt = timestamp(turn);
  const own = track.held.builds.find((b) => b.build === working.build);
  if (own !== undefined) own.replicas = track.rules.replicas;
  enter(turn, working, entry, 'ScalingUp', 'ScaleUp', `${working.build} comes to ${entry.name}`);
}

function scaleUp(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  const { rules, held } = track;
  const wanted = comingSize(turn, track, working.build);
  // Weight first: until the former version is ready here, production, where it already serves, takes the users.
  if (working.type === 'rollback' && !rules.last && !rules.strict && turn.tracks.at(-1)?.held.serving === working.build) close(held);
  const pods = readyReplicas(turn.observed, rules, working.build);
  const ready = Math.min(pods, readyEndpoints(turn.observed, rules, working.build));
  if (ready >= wanted) {
    enter(turn, working, entry, 'Testing', 'PodsReady', `${ready} of ${wanted} pods are ready on ${entry.name}`);
    return;
  }
  working.status.message = `${entry.name}: ${pods} of ${wanted} pods ready${ready < pods ? `, ${ready} of them are endpoints yet` : ''}`;
  const stall = turn.observed.stalls?.get(stallKey(entry.name, working.build));
  if (stall !== undefined) working.status.message += `; ${stall.message}`;
  const refused = refusal(turn.observed, rules, working.build);
  if (refused !== undefined) return fail(turn, working, { track: entry.name, reason: 'SpecRefused', message: `The API refuses what follows from the Application's template: ${refused}; mend the template, then aweigh release retry` });
  if (isHeld(turn, working)) return;
  const startedAt = Date.parse(entry.startedAt ?? timestamp(turn));
  const deadline = Math.max(startedAt, askedForAt(turn.observed, rules, working.build) ?? startedAt) + turn.spec.progressDeadlineSeconds * 1000;
  if (turn.observed.now < deadline) return wakeAt(turn, deadline);
  const why = stall?.message ?? deploymentOf(turn.observed, rules, working.build)?.status?.conditions?.find((c) => c.type === 'Progressing' || c.type === 'ReplicaFailure')?.message;
  fail(turn, working, {
    track: entry.name,
    reason: 'ProgressDeadlineExceeded',
    message: `${ready} of ${wanted} pods became ready on ${entry.name} within ${turn.spec.progressDeadlineSeconds} s${why ? ` (${why})` : ''}: ${stall?.wayOut ?? "look at the pods' logs, then push a fixed build"}`,
  });
}

function test(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  if (isHeld(turn, working)) return;
  const outcome = judgeGates(turn, working, track, entry, track.rules.gates.filter((g) => 'testJob' in g));
  if (!passed(turn, working, entry, outcome)) return;
  const steps = track.rules.steps;
  if (steps.length > 0 && track.held.serving !== undefined && skipsGates(working, entry.name) === undefined) entry.stepIndex = 0;
  enter(turn, working, entry, 'Shifting', 'Shift', `${entry.name} goes to ${working.build}`);
}

/** The share that the entry is to have now: a step of the last track, or all that the track takes. */
function wanted(track: WorkingTrack, entry: ReleaseTrackStatus): { percent: number; step: boolean } {
  const step = entry.stepIndex === undefined ? undefined : track.rules.steps[entry.stepIndex];
  return step === undefined ? { percent: track.rules.percent, step: false } : { percent: step.percent, step: true };
}

function holdWeight(working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  const { percent, step } = wanted(track, entry);
  entry.wantedPercent = percent;
  if (step) {
    track.held.next = { build: working.build, percent };
    return;
  }
  track.held.serving = working.build;
  track.held.percent = percent;
  delete track.held.next;
}

function shift(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  holdWeight(working, track, entry);
  const { percent, step } = wanted(track, entry);
  const now = turn.observed.delivery?.spec.tracks.find((t) => t.name === entry.name);
  const written = step ? now?.next?.build === working.build && now.next.percent === percent : now?.serving === working.build && now.next === undefined;
  const seen = observedPercent(turn.observed, track.rules, working.build);
  if (!written || !deliveryApplied(turn.observed) || seen !== percent) {
    const untold = untoldBecause(turn.observed);
    if (untold !== undefined) working.status.message = `${entry.name}: ${untold}`;
    return;
  }
  entry.observedPercent = seen;
  entry.shiftedAt = timestamp(turn);
  enter(turn, working, entry, 'Verifying', 'Shifted', `The routers give ${working.build} ${percent} % of ${track.rules.segment ?? 'all other users'}`);
}

function verify(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  holdWeight(working, track, entry);
  if (isHeld(turn, working)) return;
  const { steps } = track.rules;
  const index = entry.stepIndex;
  const { step, gates, prefix } = stageGates(track.rules, entry);
  const outcome = judgeGates(turn, working, track, entry, gates, prefix);
  if (!passed(turn, working, entry, outcome)) return;
  if (step !== undefined && index !== undefined) {
    const following = steps[index + 1]?.percent ?? 100;
    entry.stepIndex = index + 1;
    enter(turn, working, entry, 'Shifting', 'StepUp', `${entry.name}: ${working.build} goes from ${step.percent} to ${following} %`);
    return;
  }
  entry.verifiedAt ??= timestamp(turn);
  const group = waitsBehindTrack(turn, working, turn.tracks.indexOf(track));
  if (group !== undefined) {
    wait(working, 'Group', `${entry.name}: ${group}`);
    return;
  }
  if (working.type === 'rollback' || (track.rules.hooks?.after ?? []).length === 0) startDraining(turn, working, entry);
  else enter(turn, working, entry, 'Finishing', 'GatesPassed', `${entry.name}: all gates have passed`);
}

function finish(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  holdWeight(working, track, entry);
  if (runHooks(turn, working, track, entry, 'after')) startDraining(turn, working, entry);
}

function startDraining(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus): void {
  enter(turn, working, entry, 'Draining', 'Drain', `${entry.name}: requests sent to ${entry.previousBuild ?? 'nothing'} finish`);
}

/** Gates of what the entry verifies now: a step of the last track, or the whole track. */
export function stageGates(track: ResolvedTrack, entry: ReleaseTrackStatus): { step?: TrackStep; gates: readonly Gate[]; prefix: string } {
  const step = entry.stepIndex === undefined ? undefined : track.steps[entry.stepIndex];
  if (step === undefined) return { gates: track.gates.filter((g) => !('testJob' in g)), prefix: '' };
  return { step, gates: step.gates ?? [], prefix: `${step.percent}-percent-` };
}

function drain(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus): void {
  holdWeight(working, track, entry);
  const replaced = entry.previousBuild !== undefined && entry.previousBuild !== working.build;
  const until = Date.parse(entry.shiftedAt ?? timestamp(turn)) + (replaced ? turn.spec.drainSeconds * 1000 : 0);
  if (turn.observed.now < until) return wakeAt(turn, until);
  entry.completedAt = timestamp(turn);
  enter(turn, working, entry, 'Passed', 'TrackPassed', `${working.build} passed ${entry.name}`);
}

/** True where the gates let the release go on; else says what it waits for, or fails it. */
function passed(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus, outcome: GatesOutcome): boolean {
  switch (outcome.outcome) {
    case 'passed': return true;
    case 'waiting':
      working.status.message = `${entry.name}: ${outcome.message}`;
      return false;
    case 'inconclusive':
      if (working.status.reason !== 'Inconclusive') tell(turn, working, { track: entry.name, reason: 'Inconclusive', message: `${outcome.message}: aweigh release promote or abort` });
      working.status.phase = 'Paused';
      return false;
    case 'failed':
      fail(turn, working, { track: entry.name, reason: 'GateFailed', message: `Gate ${outcome.gate} failed on ${entry.name}: ${outcome.message}` });
      return false;
  }
}

function failsOnEndpoints(turn: Turn, working: WorkingRelease, { rules }: WorkingTrack, entry: ReleaseTrackStatus): boolean {
  if (entry.phase !== 'Verifying' && entry.phase !== 'Finishing' && entry.phase !== 'Draining') return false;
  const ready = readyEndpoints(turn.observed, rules, working.build);
  if (ready >= rules.endpointFloor) {
    delete entry.degradedAt;
    return false;
  }
  const back = comesBackUntil(turn, working.build, rules, entry);
  if (back !== undefined && turn.observed.now < back) {
    delete entry.degradedAt;
    wakeAt(turn, back);
    return false;
  }
  entry.degradedAt ??= timestamp(turn);
  const until = Date.parse(entry.degradedAt) + ENDPOINTS_GRACE_MS;
  if (turn.observed.now < until) {
    wakeAt(turn, until);
    return false;
  }
  fail(turn, working, { track: entry.name, reason: 'EndpointsLost', message: `${entry.name} has ${ready} ready endpoints of ${working.build}, its floor is ${rules.endpointFloor}` });
  return true;
}

function enter(turn: Turn, working: WorkingRelease, entry: ReleaseTrackStatus, phase: TrackPhase, reason: string, message: string): void {
  entry.phase = phase;
  tell(turn, working, { track: entry.name, reason, message });
}

/** Pods of a track that has users are not lost where they were never there: a cluster that was built anew starts them as for a release. Until when they may; undefined: they were there. */
function comesBackUntil(turn: Turn, build: string, rules: ResolvedTrack, entry: ReleaseTrackStatus): number | undefined {
  const at = askedForAt(turn.observed, rules, build);
  if (at === undefined || entry.shiftedAt === undefined || at <= Date.parse(entry.shiftedAt) || wasComplete(turn.observed, rules, build)) return undefined;
  return at + turn.spec.progressDeadlineSeconds * 1000;
}
