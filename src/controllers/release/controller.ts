import { LABELS } from '../../api/group.ts';
import { Applications, Builds, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import { Deployments, EndpointSlices, Jobs } from '../../client/kinds.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import { source, type ControllerFactory } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { apply, isStale } from './apply.ts';
import { indexApplications, observe } from './observe.ts';
import { reconcile } from './reconcile.ts';

const STALE_RETRY_MS = 20;

/** Takes every Build of an Application through its tracks. One key is one Application. */
export const releaseController: ControllerFactory = (context) => {
  indexApplications(context);
  const events = createEventRecorder(context, 'aweigh-release');
  return {
    name: 'release',
    workers: 4,
    sources: [
      source(Applications, named),
      source(Builds, (b) => keys(b, b.spec.application)),
      source(Releases, (r) => keys(r, r.spec.application)),
      source(Deliveries, (d) => keys(d, d.spec.application)),
      source(Routers, (r) => keys(r, r.spec.application)),
      source(Deployments, labelled),
      source(Jobs, labelled),
      source(EndpointSlices, labelled),
    ],
    async reconcile(key) {
      const observed = observe(context, key, new Map());
      if (observed === undefined) return {};
      const { actions, dueAt } = reconcile(observed);
      try {
        await apply(context, events, observed, actions);
      } catch (error) {
        if (!isStale(error)) throw error;
        return { requeueAfterMs: STALE_RETRY_MS };
      }
      return dueAt === undefined ? {} : { requeueAfterMs: Math.max(1, dueAt - context.clock.now()) };
    },
  };
};

const keys = (object: KubernetesObject, name: string | undefined): ObjectKey[] => (name === undefined ? [] : [{ namespace: object.metadata?.namespace, name }]);
const named = (object: KubernetesObject): ObjectKey[] => keys(object, object.metadata?.name);
const labelled = (object: KubernetesObject): ObjectKey[] => keys(object, object.metadata?.labels?.[LABELS.application]);
