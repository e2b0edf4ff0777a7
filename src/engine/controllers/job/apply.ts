import { Jobs, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { Job, JobStatus, Pod } from '../../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { EventRecorder } from '../../../runtime/event-recorder.ts';
import type { Expectations } from '../../../runtime/expectations.ts';
import { inSlowStart } from '../pod-batch.ts';
import { podFromTemplate } from '../pod-template.ts';
import { finishedCondition, type JobDecision } from './reconcile.ts';
import { indexAnnotation, trackingFinalizer } from './tally.ts';

export interface JobWriter extends Pick<ControllerContext, 'client'> {
  readonly events: EventRecorder;
  readonly expectations: Expectations;
}

/** Status first: a pod's finalizer goes only when the pod has been counted. */
export async function apply(writer: JobWriter, job: Job, decision: JobDecision): Promise<void> {
  const { client, events } = writer;
  await writeStatus(writer, job, decision.status);
  await Promise.all(decision.letGo.map((pod) => removeFinalizer(writer, pod)));
  await Promise.all(decision.remove.map((pod) => client.delete(Pods, keyOf(pod), { uid: pod.metadata?.uid }).catch(vanished)));
  const owner = job.metadata?.uid ?? '';
  if (decision.create.length === 0) return;
  writer.expectations.expect(owner, decision.create.length, []);
  const { skipped, error } = await inSlowStart(decision.create, async ({ index }) => {
    try {
      const created = await client.create(Pods, podOf(job, index));
      events.event(job, 'Normal', 'SuccessfulCreate', `Created pod ${created.metadata?.name}`);
    } catch (e) {
      writer.expectations.created(owner);
      events.event(job, 'Warning', 'FailedCreate', `Pod not created: ${e instanceof Error ? e.message : String(e)}`);
      throw e;
    }
  });
  for (let i = 0; i < skipped; i++) writer.expectations.created(owner);
  if (error !== undefined) throw error;
}

function podOf(job: Job, index: number | undefined): Pod {
  const pod = podFromTemplate(job.spec!.template, job, 'batch/v1', 'Job');
  const { name = '', uid = '' } = job.metadata ?? {};
  const labels = { 'batch.kubernetes.io/job-name': name, 'batch.kubernetes.io/controller-uid': uid, 'job-name': name, 'controller-uid': uid };
  pod.metadata = { ...pod.metadata, labels: { ...labels, ...pod.metadata?.labels }, finalizers: [...(pod.metadata?.finalizers ?? []), trackingFinalizer] };
  if (index === undefined) return pod;
  pod.metadata.generateName = `${name.slice(0, 50)}-${index}-`;
  pod.metadata.labels = { ...pod.metadata.labels, [indexAnnotation]: String(index) };
  pod.metadata.annotations = { ...pod.metadata.annotations, [indexAnnotation]: String(index) };
  const spec = pod.spec!;
  spec.hostname ??= `${name}-${index}`;
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (!container.env?.some((e) => e.name === 'JOB_COMPLETION_INDEX')) container.env = [...(container.env ?? []), { name: 'JOB_COMPLETION_INDEX', value: String(index) }];
  }
  return pod;
}

async function writeStatus({ client, events }: JobWriter, job: Job, status: JobStatus): Promise<void> {
  const comparable = (s: JobStatus | undefined): unknown => Object.fromEntries(Object.entries(s ?? {}).filter(([, v]) => v !== 0 && v !== ''));
  if (semanticEqual(comparable(job.status), comparable(status))) return;
  // Counting needs the newest status: a stale one is refused.
  await client.patch(Jobs, keyOf(job), { metadata: { uid: job.metadata?.uid, resourceVersion: job.metadata?.resourceVersion }, status: { ...status, startTime: status.startTime ?? null } }, { subresource: 'status' }).catch((e: unknown) => {
    if (!isNotFound(e)) throw e;
  });
  const finished = finishedCondition({ status } as Job);
  if (finished === undefined || finishedCondition(job) !== undefined) return;
  if (finished.type === 'Complete') events.event(job, 'Normal', 'Completed', 'Job completed');
  else events.event(job, 'Warning', finished.reason ?? 'Failed', finished.message ?? 'Job failed');
}

async function removeFinalizer({ client }: JobWriter, pod: Pod): Promise<void> {
  const finalizers = (pod.metadata?.finalizers ?? []).filter((f) => f !== trackingFinalizer);
  await client.patch(Pods, keyOf(pod), { metadata: { uid: pod.metadata?.uid, resourceVersion: pod.metadata?.resourceVersion, finalizers } }).catch(vanished);
}

function vanished(e: unknown): void {
  if (!isNotFound(e) && !isConflict(e)) throw e;
}
