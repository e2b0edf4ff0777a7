import type { Delivery } from '../../api/delivery/delivery.ts';
import type { Release, ReleaseStatus } from '../../api/release/release.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { Applications, Builds, Deliveries, Releases } from '../../api/kinds.ts';
import { Jobs } from '../../client/kinds.ts';
import { keyOf } from '../../client/resource.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { fieldManagers } from '../../runtime/field-managers.ts';
import { nameOf, type Observed } from './observed.ts';
import type { ReleaseAction } from './reconcile.ts';

const FIELD_MANAGER = fieldManagers.release;

/** Makes the writes in order, each guarded by the version that the decision rests on. Statuses that come behind the Delivery do not wait for it.
 *  @param urgent users are to leave a version
 *  @returns the Releases that were made, as the API answered: the next decision need not wait until the informer shows them
 *  @throws {StatusError} reason `Conflict` when something changed since: the rest is left to the next decision */
export async function apply(context: ControllerContext, events: EventRecorder, observed: Observed, actions: readonly ReleaseAction[], urgent: boolean): Promise<readonly Release[]> {
  const together = actions[0]?.type === 'writeDelivery' ? actions.findLastIndex((a) => a.type === 'releaseStatus') + 1 : 0;
  const results = await Promise.allSettled(actions.slice(0, together).map((action) => applyOne(context, events, observed, action, urgent)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  const made: Release[] = [];
  for (const action of actions.slice(together)) made.push(...(await applyOne(context, events, observed, action, urgent) ?? []));
  return made;
}

async function applyOne({ client, log }: ControllerContext, events: EventRecorder, observed: Observed, action: ReleaseAction, urgent: boolean): Promise<Release[] | void> {
  const options = { fieldManager: FIELD_MANAGER };
  const first = urgent ? { ...options, priority: 'urgent' as const } : options;
  const { application } = observed;
  const { namespace } = application.metadata ?? {};
  switch (action.type) {
    case 'createRelease': {
      const made = await ignoreExisting(client.create(Releases, action.release, options));
      log.info({ namespace, application: nameOf(application), release: nameOf(action.release), reason: action.reason }, 'Release created');
      return made === undefined ? [] : [made];
    }
    case 'createJob':
      await ignoreExisting(client.create(Jobs, action.job, options));
      return;
    case 'releaseStatus': {
      await client.updateStatus(Releases, { ...action.release, apiVersion: API_VERSION, kind: 'Release', status: action.status }, first);
      const about = { ...action.release, apiVersion: API_VERSION, kind: 'Release' };
      const steps = newSteps(action.release.status?.history, action.status.history);
      for (const { track, reason } of steps) log.info({ namespace, application: nameOf(application), release: nameOf(action.release), track, reason }, 'Release moved');
      for (const { reason, message } of steps.filter((s) => WARNINGS.has(s.reason))) events.event(about, 'Warning', reason, message);
      // What goes well in one turn is one Event: a release has dozens of steps, and its status and the record tell of each.
      const well = steps.filter((s) => !WARNINGS.has(s.reason)), last = well.at(-1);
      if (last !== undefined) events.event(about, 'Normal', last.reason, well.map((s) => s.message).join('; '));
      return;
    }
    case 'writeDelivery': {
      const { delivery } = observed;
      if (delivery !== undefined) {
        await client.update(Deliveries, { ...delivery, apiVersion: API_VERSION, kind: 'Delivery', spec: action.spec }, first);
        return;
      }
      const created: Delivery = {
        apiVersion: API_VERSION,
        kind: 'Delivery',
        metadata: {
          name: nameOf(application),
          namespace,
          labels: { [LABELS.application]: nameOf(application) },
          ownerReferences: [{ apiVersion: API_VERSION, kind: 'Application', name: nameOf(application), uid: application.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true }],
        },
        spec: action.spec,
      };
      await client.create(Deliveries, created, options);
      return;
    }
    case 'deleteBuild':
      return ignoreMissing(client.delete(Builds, keyOf(action.build), { ...options, ...(action.build.metadata?.uid && { uid: action.build.metadata.uid }) }));
    case 'deleteRelease':
      return ignoreMissing(client.delete(Releases, keyOf(action.release), { ...options, propagation: 'Background' }));
    case 'applicationStatus':
      await client.updateStatus(Applications, { ...application, apiVersion: API_VERSION, kind: 'Application', status: action.status }, { ...options, priority: 'background' });
  }
}

type Step = NonNullable<ReleaseStatus['history']>[number];

const WARNINGS: ReadonlySet<string> = new Set(['ProgressDeadlineExceeded', 'GateFailed', 'HookFailed', 'SpecRefused', 'EndpointsLost', 'BuildMissing', 'Inconclusive']);

/** Older steps are cut off at the limit of the history, so that it may begin later than before. */
function newSteps(before: readonly Step[] = [], after: readonly Step[] = []): Step[] {
  const lastAt = before.at(-1)?.at;
  const known = (step: Step): boolean => before.some((b) => b.at === step.at && b.reason === step.reason && b.track === step.track && b.message === step.message);
  return after.filter((step) => (lastAt === undefined || step.at >= lastAt) && !known(step));
}

async function ignoreExisting<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return undefined;
  }
}

async function ignoreMissing(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The decision rested on a copy that is out of date: what changed wakes the controller again. */
export function isStale(error: unknown): boolean {
  return error instanceof StatusError && (error.reason === 'Conflict' || error.reason === 'AlreadyExists');
}
