import { Jobs, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { Expectations } from '../../../runtime/expectations.ts';
import { apply } from './apply.ts';
import { reconcile } from './reconcile.ts';
import { trackingFinalizer } from './tally.ts';

const ofJob = 'job/uid';
const jobUidOf = (pod: Pod): readonly string[] => {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? [owner.uid] : [];
};

/** Runs pods until enough of them have succeeded, or too many failed. */
export const jobController: ControllerFactory = (context) => {
  const expectations = new Expectations(context.clock);
  const writer = { client: context.client, expectations, events: createEventRecorder(context, 'job-controller') };
  const jobs = context.informer(Jobs);
  const pods = context.informer(Pods);
  pods.addIndex(ofJob, jobUidOf);
  pods.onChange(({ previous, current }) => {
    if (previous === undefined && current !== undefined) for (const uid of jobUidOf(current)) expectations.created(uid);
  });
  jobs.onChange(({ previous, current }) => {
    if (current === undefined) expectations.forget(previous?.metadata?.uid ?? '');
  });
  return {
    name: 'job',
    sources: [
      source(Jobs, (j) => [keyOf(j)]),
      source(Pods, (p) => {
        const owner = controllerOf(p);
        return owner?.kind === 'Job' ? [{ namespace: p.metadata?.namespace, name: owner.name }] : [];
      }),
    ],
    workers: 8,
    async reconcile(key) {
      const job = jobs.get(key);
      if (job === undefined) {
        await letGoOrphans(key.namespace, key.name);
        return {};
      }
      if (job.metadata?.deletionTimestamp !== undefined || (job.spec?.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller')) return {};
      const uid = job.metadata?.uid ?? '';
      const decision = reconcile(job, pods.byIndex(ofJob, uid), expectations.satisfied(uid), context.clock.now());
      await apply(writer, job, decision);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };

  /** Pods of a job that is gone need no counting: their finalizer would keep them for ever. */
  async function letGoOrphans(namespace: string | undefined, name: string): Promise<void> {
    const left = pods.list(namespace).filter((p) => controllerOf(p)?.kind === 'Job' && controllerOf(p)?.name === name && p.metadata?.finalizers?.includes(trackingFinalizer));
    if (left.length > 0) await apply(writer, { metadata: { namespace, name }, status: {} } as never, { status: {}, letGo: left, remove: [], create: [] });
  }
};
