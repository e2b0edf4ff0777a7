import { controllerReference } from '../../../kubernetes/owner-reference.ts';
import type { CronJob, CronJobStatus, Job } from '../../../kubernetes/types.generated.ts';
import { scheduledTimes } from './schedule.ts';

export interface CronJobDecision {
  readonly create?: Job;
  readonly remove: readonly Job[];
  readonly status: CronJobStatus;
  readonly requeueAfterMs?: number;
  /** A schedule that was not kept, and why. */
  readonly missed?: { readonly reason: string; readonly message: string };
}

/** Rules: the page 'CronJob' of the Kubernetes documentation. */
export function reconcile(cronJob: CronJob, jobs: readonly Job[], nowMs: number): CronJobDecision {
  const spec = cronJob.spec!;
  const active = jobs.filter((j) => finished(j) === undefined);
  const history = [...excess(jobs, 'Complete', spec.successfulJobsHistoryLimit ?? 3), ...excess(jobs, 'Failed', spec.failedJobsHistoryLimit ?? 1)];
  const lastSuccess = jobs.filter((j) => finished(j) === 'Complete').map((j) => j.status?.completionTime ?? '').toSorted().at(-1);
  const status: CronJobStatus = {
    ...cronJob.status,
    active: active.map((j) => ({ apiVersion: 'batch/v1', kind: 'Job', namespace: j.metadata?.namespace, name: j.metadata?.name, uid: j.metadata?.uid, resourceVersion: j.metadata?.resourceVersion })),
    ...(lastSuccess === undefined ? {} : { lastSuccessfulTime: lastSuccess }),
  };
  if (cronJob.metadata?.deletionTimestamp !== undefined || spec.suspend === true) return { remove: history, status };
  const deadlineMs = spec.startingDeadlineSeconds === undefined ? Infinity : spec.startingDeadlineSeconds * 1_000;
  const sinceMs = Math.max(Date.parse(cronJob.status?.lastScheduleTime ?? cronJob.metadata?.creationTimestamp ?? new Date(nowMs).toISOString()), nowMs - deadlineMs);
  const { latestMs, nextMs } = scheduledTimes(spec.schedule, spec.timeZone, sinceMs, nowMs);
  const requeue = nextMs === undefined ? {} : { requeueAfterMs: nextMs - nowMs };
  if (latestMs === undefined) return { remove: history, status, ...requeue };
  const job = jobAt(cronJob, latestMs);
  if (jobs.some((j) => j.metadata?.name === job.metadata?.name)) return { remove: history, status: { ...status, lastScheduleTime: seconds(latestMs) }, ...requeue };
  if (active.length > 0 && spec.concurrencyPolicy === 'Forbid') {
    return { remove: history, status, ...requeue, missed: { reason: 'JobAlreadyActive', message: 'Not starting job because prior execution is running and concurrency policy is Forbid' } };
  }
  const replaced = spec.concurrencyPolicy === 'Replace' ? active : [];
  return { create: job, remove: [...history, ...replaced], status: { ...status, lastScheduleTime: seconds(latestMs) }, ...requeue };
}

function finished(job: Job): 'Complete' | 'Failed' | undefined {
  const condition = job.status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
  return condition?.type as 'Complete' | 'Failed' | undefined;
}

function excess(jobs: readonly Job[], outcome: 'Complete' | 'Failed', limit: number): Job[] {
  const ended = jobs.filter((j) => finished(j) === outcome && j.metadata?.deletionTimestamp === undefined);
  return ended.toSorted((a, b) => (b.status?.startTime ?? '').localeCompare(a.status?.startTime ?? '')).slice(limit);
}

/** The name follows from the scheduled minute, so that one time makes one job. */
function jobAt(cronJob: CronJob, atMs: number): Job {
  const template = cronJob.spec!.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${cronJob.metadata?.name}-${Math.floor(atMs / 60_000)}`,
      namespace: cronJob.metadata?.namespace,
      labels: template.metadata?.labels,
      annotations: { ...template.metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': seconds(atMs) },
      ownerReferences: [controllerReference(cronJob, 'batch/v1', 'CronJob')],
    },
    spec: template.spec,
  } as Job;
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
