import { isDeepStrictEqual } from 'node:util';
import type { Application, ApplicationStatus } from '../../api/application/application.ts';
import { validateApplication } from '../../api/application/validate.ts';
import type { Build } from '../../api/build/build.ts';
import { withCondition } from '../../api/conditions.ts';
import type { DeliverySpec } from '../../api/delivery/delivery.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { hasEnded, type Release, type ReleaseStatus } from '../../api/release/release.ts';
import { isRetreat } from '../../api/release/retreat.ts';
import { labelValue, releaseName } from '../../api/names.ts';
import type { Job } from '../../kubernetes/types.generated.ts';
import { advance } from './advance.ts';
import { applicationStatus } from './application-status.ts';
import { removeIdleBuilds } from './clean-up.ts';
import { forgotten } from './history.ts';
import { waitsForCompletion } from './group.ts';
import { nameOf, type Observed } from './observed.ts';
import { compareAge } from '../../api/age.ts';
import { assignTracks, waitsFor } from './queue.ts';
import { restoreTracks } from './restore.ts';
import { sizeAutoscaledTracks } from './sizes.ts';
import { beginTurn, inMotion, isAborting, isHeld, showWaiting, tell, timestamp, wait, type Turn, type WorkingRelease } from './turn.ts';

/** One write. They are in the order in which they are to be made. */
export type ReleaseAction =
  | { readonly type: 'createRelease'; readonly release: Release; readonly reason: string }
  | { readonly type: 'releaseStatus'; readonly release: Release; readonly status: ReleaseStatus; readonly reason: string }
  | { readonly type: 'createJob'; readonly job: Job; readonly reason: string }
  | { readonly type: 'writeDelivery'; readonly spec: DeliverySpec; readonly reason: string }
  | { readonly type: 'deleteBuild'; readonly build: Build; readonly reason: string }
  | { readonly type: 'deleteRelease'; readonly release: Release; readonly reason: string }
  | { readonly type: 'applicationStatus'; readonly status: ApplicationStatus; readonly reason: string };

export interface Decision {
  readonly actions: readonly ReleaseAction[];
  /** When to decide again though nothing changes; milliseconds since the epoch. */
  readonly dueAt?: number;
}

/** Decides the next step of everything that an Application has in motion. Pure: equal observations give equal decisions. */
export function reconcile(observed: Observed): Decision {
  const { application } = observed;
  if (application.metadata?.deletionTimestamp !== undefined) return { actions: [] };
  const faults = validateApplication(application);
  if (faults.length > 0) return { actions: invalid(observed, faults) };
  const missing = missingReleases(observed);
  if (missing.length > 0) return { actions: missing };

  const turn = beginTurn(observed);
  // Twice: a track that becomes free is taken in the same turn, so that one commit says both.
  for (let round = 0; round < 2; round++) {
    assignTracks(turn);
    for (const working of turn.releases) settle(turn, working);
  }
  removeIdleBuilds(turn);
  sizeAutoscaledTracks(turn);

  const actions: ReleaseAction[] = turn.releases.flatMap((working) => {
    const { release } = working;
    if (hasEnded(release)) return [];
    showWaiting(turn, working);
    working.status.observedGeneration = release.metadata?.generation;
    return isDeepStrictEqual(working.status, { tracks: [], ...working.release.status })
      ? []
      : [{ type: 'releaseStatus' as const, release: working.release, status: working.status, reason: working.status.reason ?? 'Progress' }];
  });
  actions.push(...turn.jobs.map((job) => ({ type: 'createJob' as const, job, reason: 'TestGate' })));
  const delivery = deliveryAction(turn);
  if (delivery !== undefined && retreatsBySpec(turn)) actions.unshift(delivery);
  else if (delivery !== undefined) actions.push(delivery);
  const { builds, releases } = forgotten(turn);
  actions.push(...builds.map((build) => ({ type: 'deleteBuild' as const, build, reason: 'HistoryLimit' })));
  actions.push(...releases.map((release) => ({ type: 'deleteRelease' as const, release, reason: 'HistoryLimit' })));
  const status = prune(applicationStatus(turn));
  if (!isDeepStrictEqual(status, prune(application.status ?? {}))) actions.push({ type: 'applicationStatus', status, reason: 'Observed' });
  return { actions, ...(turn.dueAt !== Infinity && { dueAt: turn.dueAt }) };
}

function settle(turn: Turn, working: WorkingRelease): void {
  if (hasEnded(working)) return;
  if (!isAborting(working)) {
    for (const entry of working.status.tracks) {
      if (!inMotion(entry)) continue;
      if (working.status.phase === 'Paused' && !isHeld(turn, working)) working.status.phase = 'Progressing';
      advance(turn, working, entry);
      if (isAborting(working)) break;
    }
  }
  if (isAborting(working)) {
    restoreTracks(turn, working);
    return;
  }
  phaseOf(turn, working);
}

function phaseOf(turn: Turn, working: WorkingRelease): void {
  const { status } = working;
  const moving = status.tracks.filter(inMotion);
  const next = waitsFor(turn, working);
  status.track = (moving.at(-1)?.name ?? next ?? turn.tracks.at(-1)?.rules.name);
  const group = moving.length === 0 && next === undefined ? waitsForCompletion(turn, working) : undefined;
  if (group !== undefined) wait(working, 'Group', group);
  if (moving.length === 0 && next === undefined && group === undefined) {
    status.phase = 'Completed';
    status.completedAt = timestamp(turn);
    tell(turn, working, { reason: 'Completed', message: `${working.build} is on every track` });
    return;
  }
  if (status.phase === 'Paused' && (status.reason === 'Inconclusive' || status.reason === 'HookFailed')) return;
  if (isHeld(turn, working)) status.phase = 'Paused';
  else status.phase = status.tracks.length === 0 ? 'Pending' : 'Progressing';
}

/**
 * A status comes before the Delivery where it may be all that is known of a verdict. What a person asked for stands in the spec until it is
 * done, whichever write a kill leaves: users who are to go back do not wait for the status.
 */
function retreatsBySpec({ releases }: Turn): boolean {
  const retreats = releases.filter(({ release }) => isRetreat(release));
  return retreats.length > 0 && releases.every(({ release: { spec }, status }) => status.phase !== 'Aborting' || spec.abort !== undefined);
}

/** Every Build gets a Release, but for those that the cluster already serves in production and those older than them. */
function missingReleases({ application, builds, releases, delivery }: Observed): ReleaseAction[] {
  const production = delivery?.spec.tracks.at(-1)?.serving;
  const serving = builds.find((b) => nameOf(b) === production);
  return builds
    .filter((build) => build.metadata?.deletionTimestamp === undefined && !releases.some((r) => r.spec.build === nameOf(build)))
    .filter((build) => serving === undefined || compareAge(build, serving) > 0)
    .toSorted(compareAge)
    .map((build) => ({
      type: 'createRelease',
      reason: 'BuildPushed',
      release: {
        apiVersion: API_VERSION,
        kind: 'Release',
        metadata: {
          name: releaseName(nameOf(build)),
          namespace: application.metadata?.namespace,
          labels: { [LABELS.application]: nameOf(application), [LABELS.build]: labelValue(nameOf(build)) },
          ownerReferences: [{ apiVersion: API_VERSION, kind: 'Application', name: nameOf(application), uid: application.metadata?.uid ?? '', blockOwnerDeletion: false }],
        },
        spec: { application: nameOf(application), build: nameOf(build), type: 'promotion', actor: build.spec.author ?? 'aweigh' },
      },
    }));
}

function deliveryAction(turn: Turn): ReleaseAction | undefined {
  const { delivery, application } = turn.observed;
  const tracks = turn.tracks.map(({ held }) => held);
  if (delivery === undefined && tracks.every((t) => t.builds.length === 0)) return undefined;
  const wanted = { application: nameOf(application), tracks, router: { replicas: turn.spec.router.replicas } };
  const { change: _, ...written } = delivery?.spec ?? { change: undefined };
  if (isDeepStrictEqual(wanted, written)) return undefined;
  const change = turn.change ?? { actor: 'aweigh', reason: 'ApplicationChanged', message: 'the Application changed' };
  return { type: 'writeDelivery', spec: { ...wanted, change }, reason: change.reason };
}

function invalid({ application, now }: Observed, faults: readonly string[]): ReleaseAction[] {
  const status: ApplicationStatus = {
    ...application.status,
    observedGeneration: application.metadata?.generation,
    conditions: withCondition(application.status?.conditions ?? [], {
      type: 'Ready', status: 'False', reason: 'Invalid', message: faults.join('; '), lastTransitionTime: new Date(now).toISOString(), observedGeneration: application.metadata?.generation,
    }),
  };
  return isDeepStrictEqual(prune(status), prune(application.status ?? {})) ? [] : [{ type: 'applicationStatus', status: prune(status), reason: 'Invalid' }];
}

/** Without fields that are undefined, as JSON has it. */
function prune<T extends Application['status'] & object>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

