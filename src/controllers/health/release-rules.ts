import { hasEnded, WAITING, type Release, type WaitReason } from '../../api/release/release.ts';
import type { Finding, ReleaseHealth } from './finding.ts';
import { duration, finding, type ServiceInput } from './service-input.ts';

type Gate = NonNullable<NonNullable<NonNullable<Release['status']>['tracks']>[number]['gates']>[number];

/** Every release that has not ended, with what it waits for and since when. */
export function releasesInMotion({ namespace, releases, service, application }: ServiceInput): ReleaseHealth[] {
  return releases.filter((r) => !hasEnded(r)).map((release) => {
    const { phase = 'Pending', track, message = '', history, startedAt } = release.status ?? {};
    const name = release.metadata?.name ?? '';
    const waiting = waitingGate(release);
    const lastStep = Date.parse(history?.at(-1)?.at ?? startedAt ?? release.metadata?.creationTimestamp ?? '');
    const waitsFor = reasonToWait(release, waiting, application?.spec.hold === true);
    const since = waiting?.startedAt !== undefined && (waitsFor === 'approval' || waitsFor === 'metrics' || waitsFor === 'window') ? Date.parse(waiting.startedAt) : lastStep;
    return { name, phase, ...(track === undefined ? {} : { track }), waitsFor, since, message, next: nextCommand(namespace, service, waitsFor) };
  });
}

export function releaseFindings(input: ServiceInput, releases: readonly ReleaseHealth[]): Finding[] {
  const { policy, now } = input;
  const limits: Record<ReleaseHealth['waitsFor'], number> = {
    progress: policy.stuckAfterSeconds, queue: Infinity, freeze: Infinity, window: Infinity, metrics: 0, approval: policy.personAfterSeconds, person: policy.personAfterSeconds,
  };
  return releases.flatMap(({ name, phase, track, waitsFor, since, message, next }) => {
    const quietSeconds = (now - since) / 1_000, limit = limits[waitsFor];
    if (!(quietSeconds >= limit)) return [];
    const where = track === undefined ? 'before its first track' : `on ${track}`;
    const text = `release ${name} is ${phase} ${where} for ${duration(now - since)}, it waits for ${WORDS[waitsFor]}${message === '' ? '' : `: ${message}`}`;
    return [finding(input, waitsFor === 'metrics' ? 'ReleaseInconclusive' : 'ReleaseStuck', 'warning', `release/${name}`, { value: Math.round(quietSeconds), wanted: limit, text, next })];
  });
}

const WORDS: Record<ReleaseHealth['waitsFor'], string> = {
  progress: 'its next step', approval: 'an approval', person: 'a person to resume it', metrics: 'a verdict: its metrics are inconclusive', freeze: 'the end of a freeze', window: 'its window', queue: 'the release before it',
};

/** A group that lacks a member and configuration that is not there need somebody: such a release is stuck. */
const FOR: Readonly<Partial<Record<WaitReason, ReleaseHealth['waitsFor']>>> = { Held: 'person', Frozen: 'freeze', TrackTaken: 'queue', NoPlace: 'queue' };

function waitingGate(release: Release): Gate | undefined {
  const { track, tracks } = release.status ?? {};
  return tracks?.find((t) => t.name === track)?.gates?.find((g) => g.state === 'Waiting' || g.state === 'Inconclusive');
}

function reasonToWait(release: Release, gate: Gate | undefined, applicationHeld: boolean): ReleaseHealth['waitsFor'] {
  const { conditions, phase } = release.status ?? {};
  if (gate?.state === 'Inconclusive') return 'metrics';
  if (release.spec.paused === true || phase === 'Paused' || applicationHeld) return 'person';
  if (gate?.kind === 'approval') return 'approval';
  if (gate?.kind === 'window') return 'window';
  return FOR[conditions?.find((c) => c.type === WAITING)?.reason as WaitReason] ?? 'progress';
}

function nextCommand(namespace: string, service: string, waitsFor: ReleaseHealth['waitsFor']): string {
  const verb = waitsFor === 'approval' ? 'approve' : waitsFor === 'person' ? 'resume' : waitsFor === 'metrics' ? 'promote' : 'status';
  return `aweigh release ${verb} ${service} -n ${namespace}`;
}
