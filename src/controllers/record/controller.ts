import { LABELS } from '../../api/group.ts';
import { Applications, Builds, Deliveries, RecordRepositories, Releases } from '../../api/kinds.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import { source, type Controller, type ControllerFactory } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { indexSpecs, SPEC_RESOURCES } from './observe.ts';
import { RecordKeeper } from './record-keeper.ts';
import type { RecordOptions } from './record-options.ts';

const WORKERS = 64;

/** Makes the record true: each change of a Delivery is a commit first, then the cluster follows; what drifts is mended. */
export function recordController(options: RecordOptions): ControllerFactory {
  return (context) => {
    indexSpecs(context);
    const keeper = new RecordKeeper(context, options, createEventRecorder(context, 'aweigh-record'));
    const own = (object: KubernetesObject): ObjectKey[] => keysOf(object.metadata?.namespace, object.metadata?.name);
    const labelled = (object: KubernetesObject): ObjectKey[] => keysOf(object.metadata?.namespace, object.metadata?.labels?.[LABELS.application]);
    return {
      name: 'record',
      // Each waits for its commit, and those that wait at the same time share one.
      workers: WORKERS,
      sources: [
        source(Applications, own),
        source(Deliveries, own),
        source(Builds, (build) => keysOf(build.metadata?.namespace, build.spec.application)),
        source(Releases, (release) => keysOf(release.metadata?.namespace, release.spec.application)),
        // Asked when a person's commit comes in.
        source(RecordRepositories, () => []),
        ...SPEC_RESOURCES.map((resource) => source(resource, labelled)),
      ],
      isUrgent: (key) => keeper.isUrgent(key),
      reconcile: (key) => keeper.reconcile(key),
      start: (enqueue, signal) => keeper.start(enqueue, signal),
    } satisfies Controller;
  };
}

const keysOf = (namespace: string | undefined, name: string | undefined): ObjectKey[] => (name === undefined ? [] : [{ ...(namespace === undefined ? {} : { namespace }), name }]);
