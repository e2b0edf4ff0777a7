import { CronJobs, Jobs } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isAlreadyExists, isNotFound } from '../../../client/status-error.ts';
import { controllerOf, isControlledBy } from '../../../kubernetes/owner-reference.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { reconcile } from './reconcile.ts';

/** Makes a Job at each time of a CronJob's schedule. */
export const cronJobController: ControllerFactory = (context) => {
  const { client, clock } = context;
  const events = createEventRecorder(context, 'cronjob-controller');
  return {
    name: 'cron-job',
    sources: [
      source(CronJobs, (c) => [keyOf(c)]),
      source(Jobs, (j) => {
        const owner = controllerOf(j);
        return owner?.kind === 'CronJob' ? [{ namespace: j.metadata?.namespace, name: owner.name }] : [];
      }),
    ],
    async reconcile(key) {
      const cronJob = context.informer(CronJobs).get(key);
      if (cronJob?.spec === undefined) return {};
      const jobs = context.informer(Jobs).list(key.namespace).filter((j) => isControlledBy(j, cronJob));
      const decision = reconcile(cronJob, jobs, clock.now());
      for (const job of decision.remove) {
        await client.delete(Jobs, keyOf(job), { uid: job.metadata?.uid, propagation: 'Background' }).catch((e: unknown) => {
          if (!isNotFound(e)) throw e;
        });
        events.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata?.name}`);
      }
      if (decision.create !== undefined) {
        try {
          await client.create(Jobs, decision.create);
          events.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${decision.create.metadata?.name}`);
        } catch (e) {
          if (!isAlreadyExists(e)) throw e;
        }
      }
      if (decision.missed !== undefined) events.event(cronJob, 'Normal', decision.missed.reason, decision.missed.message);
      if (!semanticEqual(cronJob.status, decision.status)) {
        await client.patch(CronJobs, key, { metadata: { uid: cronJob.metadata?.uid }, status: decision.status }, { subresource: 'status' });
      }
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};
