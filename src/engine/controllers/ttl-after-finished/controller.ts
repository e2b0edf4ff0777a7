import { Jobs } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { Job } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';

/** Deletes finished Jobs when their `ttlSecondsAfterFinished` is over. */
export const ttlAfterFinishedController: ControllerFactory = (context) => ({
  name: 'ttl-after-finished',
  sources: [source(Jobs, (j) => (expiresAtMs(j) === undefined ? [] : [keyOf(j)]))],
  workers: 1,
  async reconcile(key) {
    const job = context.informer(Jobs).get(key);
    const atMs = job === undefined || job.metadata?.deletionTimestamp !== undefined ? undefined : expiresAtMs(job);
    if (job === undefined || atMs === undefined) return {};
    const leftMs = atMs - context.clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    await context.client.delete(Jobs, key, { uid: job.metadata?.uid, resourceVersion: job.metadata?.resourceVersion, propagation: 'Foreground' }).catch((e: unknown) => {
      if (!isNotFound(e) && !isConflict(e)) throw e;
    });
    return {};
  },
});

function expiresAtMs(job: Job): number | undefined {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  const finished = job.status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
  return ttl === undefined || finished?.lastTransitionTime === undefined ? undefined : Date.parse(finished.lastTransitionTime) + ttl * 1_000;
}
