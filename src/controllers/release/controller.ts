import { LABELS } from '../../api/group.ts';
import { Applications, Builds, Deliveries, ReleasePolicies, Releases, Routers } from '../../api/kinds.ts';
import { hasEnded } from '../../api/release/release.ts';
import { Deployments, EndpointSlices, Jobs } from '../../client/kinds.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { urgencyOf } from '../urgency.ts';
import { apply, isStale } from './apply.ts';
import { BY_MOTION, groupOf, indexApplications, observe, UNENDED } from './observe.ts';
import type { Observed } from './observed.ts';
import { Probes, type ProbeSources } from './probes.ts';
import { reconcile } from './reconcile.ts';
import { StalledPods } from './stalled-pods.ts';

const STALE_RETRY_MS = 20;
const WORKERS = 32;

/** Takes every Build of an Application through its tracks. One key is one Application.
 *  @param sources what analysis and webhook gates ask; without them such gates wait, and a person promotes */
export function createReleaseController(sources: (context: ControllerContext) => ProbeSources): ControllerFactory {
  return (context) => releaseControllerOf(context, new Probes(context, sources(context)));
}

function releaseControllerOf(context: ControllerContext, probes: Probes): Controller {
  indexApplications(context);
  const events = createEventRecorder(context, 'aweigh-release');
  const stalledPods = new StalledPods(context);
  const isOpenRetreat = urgencyOf(context);
  // A bad sample is known here before any resource says so.
  const isUrgent = (key: ObjectKey): boolean => probes.hasFailed(key) || isOpenRetreat(key);
  return {
    name: 'release',
    // Each mostly waits for the API: an abort must not wait for many releases that go on.
    workers: WORKERS,
    sources: [
      source(Applications, named),
      source(Builds, (b) => (b.spec.group?.applications ?? [b.spec.application]).flatMap((name) => keys(b, name))),
      source(Releases, (r) => [...(groupOf(context.informer, r)?.applications ?? [r.spec.application]).flatMap((name) => keys(r, name)), ...(hasEnded(r) ? unended(context) : [])]),
      source(ReleasePolicies, () => unended(context)),
      source(Deliveries, (d) => keys(d, d.spec.application)),
      source(Routers, (r) => keys(r, r.spec.application)),
      source(Deployments, labelled),
      source(Jobs, labelled),
      source(EndpointSlices, labelled),
    ],
    isUrgent,
    async reconcile(key) {
      const seen = observe(context, key, new Map());
      if (seen === undefined) return {};
      const urgent = isUrgent(key);
      const probed = probes.collect(key, seen);
      const stalled = stalledPods.collect(key, seen);
      let observed = { ...seen, verdicts: probed.verdicts, stalls: stalled.stalls }, dueAt: number;
      try {
        for (;;) {
          const decision = reconcile(observed);
          dueAt = Math.min(decision.dueAt ?? Infinity, probed.dueAt, stalled.dueAt);
          const made = await apply(context, events, observed, decision.actions, urgent);
          if (made.length === 0 || looksAtOthers(observed)) break;
          // A push does not wait until the informer shows its own Release.
          observed = { ...observed, releases: [...observed.releases, ...made] };
        }
      } catch (error) {
        if (!isStale(error)) throw error;
        return { requeueAfterMs: STALE_RETRY_MS };
      }
      return dueAt === Infinity ? {} : { requeueAfterMs: Math.max(1, dueAt - context.clock.now()) };
    },
    start: (enqueue) => {
      probes.start(enqueue);
      stalledPods.start(enqueue);
    },
  };
}

/** What it decides depends on Releases of other Applications, which know of a new one what the informer shows. */
const looksAtOthers = ({ places, groups }: Observed): boolean => places.length > 0 || groups.size > 0;

/** Applications with a release that a policy, or a place that somebody leaves, may let go on: one behind a freeze is in no queue. */
function unended({ informer }: ControllerContext): ObjectKey[] {
  return informer(Releases).byIndex(BY_MOTION, UNENDED).flatMap((r) => keys(r, r.spec.application));
}

const keys = (object: KubernetesObject, name: string | undefined): ObjectKey[] => (name === undefined ? [] : [{ namespace: object.metadata?.namespace, name }]);
const named = (object: KubernetesObject): ObjectKey[] => keys(object, object.metadata?.name);
const labelled = (object: KubernetesObject): ObjectKey[] => keys(object, object.metadata?.labels?.[LABELS.application]);
