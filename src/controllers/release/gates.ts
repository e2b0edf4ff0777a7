import type { Gate } from '../../api/application/application.ts';
import { gateJobName } from '../../api/names.ts';
import type { ReleaseTrackStatus } from '../../api/release/release.ts';
import { gateJob, judgeJob } from './release-job.ts';
import { gateKey, nameOf, readyAddresses, type GateVerdict } from './observed.ts';
import { windowState, type TimeWindow } from './time-window.ts';
import { startJob, timestamp, wakeAt, type Turn, type WorkingRelease, type WorkingTrack } from './turn.ts';

export type GateStatus = NonNullable<ReleaseTrackStatus['gates']>[number];
export type GateKind = 'soak' | 'testJob' | 'approval' | 'analysis' | 'window' | 'webhook';

export type GatesOutcome =
  | { readonly outcome: 'passed' }
  | { readonly outcome: 'waiting'; readonly message: string }
  | { readonly outcome: 'inconclusive'; readonly message: string }
  | { readonly outcome: 'failed'; readonly gate: string; readonly message: string };

export function gateKind(gate: Gate): GateKind {
  if ('soak' in gate) return 'soak';
  if ('testJob' in gate) return 'testJob';
  if ('approval' in gate) return 'approval';
  if ('analysis' in gate) return 'analysis';
  if ('window' in gate) return 'window';
  return 'webhook';
}

/** Judges `gates` and keeps each verdict in the entry. `prefix` tells the gates of one step from those of another. */
export function judgeGates(turn: Turn, working: WorkingRelease, track: WorkingTrack, entry: ReleaseTrackStatus, gates: readonly Gate[], prefix = ''): GatesOutcome {
  entry.gates ??= [];
  const skipped = skipsGates(working, track.rules.name);
  let inconclusive: GateStatus | undefined;
  let waiting: GateStatus | undefined;
  for (const gate of gates) {
    const name = `${prefix}${gate.name}`;
    let status = entry.gates.find((g) => g.name === name);
    if (status === undefined) {
      status = { name, kind: gateKind(gate), state: 'Waiting', startedAt: timestamp(turn) };
      entry.gates.push(status);
    }
    if (status.state === 'Passed' || status.state === 'Skipped') continue;
    const verdict = skipped === undefined ? judge(turn, working, track, gate, status) : ({ state: 'Skipped', message: `Skipped by ${skipped.actor}${skipped.reason ? `: ${skipped.reason}` : ''}` } as const);
    record(turn, status, verdict);
    if (verdict.state === 'Failed') return { outcome: 'failed', gate: name, message: verdict.message };
    if (verdict.state === 'Inconclusive') inconclusive ??= status;
    if (verdict.state === 'Running' || verdict.state === 'Waiting') waiting ??= status;
  }
  if (inconclusive !== undefined) return { outcome: 'inconclusive', message: `Gate ${inconclusive.name}: ${inconclusive.message}` };
  if (waiting !== undefined) return { outcome: 'waiting', message: `Gate ${waiting.name}: ${waiting.message}` };
  return { outcome: 'passed' };
}

/** Who skipped the gates of a track, if anybody did. */
export function skipsGates({ release, type }: WorkingRelease, track: string): { actor: string; reason?: string } | undefined {
  const { actor = 'aweigh', reason } = release.spec;
  const promote = (release.spec.promote ?? []).filter((p) => p.hook === undefined);
  const skip = promote.find((p) => p.track === track || p.track === '*');
  if (skip !== undefined) return skip;
  if (type === 'rollback' || (type === 'hotfix' && promote.length === 0)) return { actor, ...(reason && { reason }) };
  return undefined;
}

type Verdict = Omit<GateVerdict, 'state'> & { readonly state: GateVerdict['state'] | 'Waiting' | 'Skipped' };

function record(turn: Turn, status: GateStatus, { state, message, values }: Verdict): void {
  status.state = state;
  status.message = message;
  if (values !== undefined) status.values = values;
  if (state === 'Passed' || state === 'Failed' || state === 'Skipped') status.completedAt ??= timestamp(turn);
}

function judge(turn: Turn, working: WorkingRelease, track: WorkingTrack, gate: Gate, status: GateStatus): Verdict {
  if ('soak' in gate) {
    const until = Date.parse(status.startedAt ?? timestamp(turn)) + gate.soak.seconds * 1000;
    if (turn.observed.now >= until) return { state: 'Passed', message: `Served for ${gate.soak.seconds} s` };
    wakeAt(turn, until);
    return { state: 'Running', message: `Serves until ${new Date(until).toISOString()}` };
  }
  if ('approval' in gate) {
    const approval = working.release.spec.approvals?.find((a) => a.track === track.rules.name && (a.gate === gate.name || a.gate === '*'));
    if (approval !== undefined) return { state: 'Passed', message: `Approved by ${approval.actor} at ${approval.at}${approval.message ? `: ${approval.message}` : ''}` };
    return { state: 'Waiting', message: `${gate.approval.message ?? 'Waits for approval'}: aweigh release approve ${working.release.spec.application}` };
  }
  if ('testJob' in gate) {
    const name = gateJobName(working.name, track.rules.name, status.name);
    const job = turn.observed.jobs.find((j) => nameOf(j) === name);
    if (job !== undefined) return judgeJob(job);
    const addresses = readyAddresses(turn.observed, track.rules, working.build);
    if (addresses.length === 0) return { state: 'Waiting', message: 'No ready endpoint of the new version yet' };
    startJob(turn, gateJob(turn.observed, working, track.rules, gate.testJob, name, addresses));
    return { state: 'Running', message: `Job ${name} runs` };
  }
  if ('window' in gate) return judgeWindow(turn, gate.window);
  const verdict = turn.observed.verdicts.get(gateKey(working.name, track.rules.name, status.name));
  if (verdict !== undefined) return verdict;
  return { state: status.state, message: status.message ?? `No ${gateKind(gate)} result yet`, ...(status.values && { values: status.values }) };
}

function judgeWindow(turn: Turn, window: TimeWindow): Verdict {
  const state = windowState(window, turn.observed.now);
  switch (state.state) {
    case 'open': return { state: 'Passed', message: `The window that opened at ${new Date(state.since).toISOString()} is open` };
    case 'closed':
      wakeAt(turn, state.opensAt);
      return { state: 'Waiting', message: `The window opens at ${new Date(state.opensAt).toISOString()}` };
    case 'never': return { state: 'Inconclusive', message: `The window '${window.schedule}' never opens: change the gate's schedule` };
    case 'invalid': return { state: 'Inconclusive', message: state.message };
  }
}

