import { isActive, isReady, isTerminal } from '../../../kubernetes/pod-state.ts';
import type { Job, JobCondition, JobStatus, Pod } from '../../../kubernetes/types.generated.ts';
import { failsJob } from './failure-policy.ts';
import { formatIndexes, indexOf, tally, trackingFinalizer, type Tally } from './tally.ts';

export interface JobDecision {
  readonly status: JobStatus;
  readonly letGo: readonly Pod[];
  readonly remove: readonly Pod[];
  /** One entry a pod to create; its completion index in mode Indexed. */
  readonly create: readonly { readonly index?: number }[];
  readonly requeueAfterMs?: number;
}

interface Verdict {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

const podBackoff = { baseMs: 10_000, maxMs: 600_000 };

/** Rules: the page 'Jobs' of the Kubernetes documentation. */
export function reconcile(job: Job, pods: readonly Pod[], settled: boolean, nowMs: number): JobDecision {
  const counted = tally(job, pods);
  if (finishedCondition(job) !== undefined) {
    return { status: job.status ?? {}, letGo: pods.filter((p) => p.metadata?.finalizers?.includes(trackingFinalizer)), remove: pods.filter(isActive), create: [] };
  }
  const now = seconds(nowMs);
  const active = pods.filter(isActive);
  const terminating = pods.filter((p) => !isTerminal(p) && p.metadata?.deletionTimestamp !== undefined);
  const suspended = job.spec?.suspend === true;
  const verdict = verdictOf(job, pods, counted, active, nowMs);
  const done = verdict !== undefined && active.length + terminating.length === 0 && counted.uncounted.succeeded.length + counted.uncounted.failed.length === 0;
  const startTime = suspended ? undefined : (job.status?.startTime ?? now);
  const status: JobStatus = {
    startTime: done ? (startTime ?? now) : startTime,
    active: active.length,
    ready: active.filter(isReady).length,
    terminating: terminating.length,
    succeeded: counted.succeeded,
    failed: counted.failed,
    uncountedTerminatedPods: { succeeded: [...counted.uncounted.succeeded], failed: [...counted.uncounted.failed] },
    completedIndexes: job.spec?.completionMode === 'Indexed' ? formatIndexes(counted.completedIndexes) : undefined,
    conditions: conditionsOf(job, verdict, done, now),
    ...(done && verdict.type === 'Complete' ? { completionTime: now } : {}),
  };
  if (verdict !== undefined || suspended) return { status, letGo: counted.letGo, remove: active, create: [] };
  const { create, remove, waitMs } = settled ? podSteps(job, pods, active, terminating, counted, nowMs) : { create: [], remove: [], waitMs: Infinity };
  const deadlineMs = job.spec?.activeDeadlineSeconds === undefined ? Infinity : Date.parse(startTime ?? now) + job.spec.activeDeadlineSeconds * 1_000 - nowMs;
  const next = Math.min(waitMs, deadlineMs);
  return { status, letGo: counted.letGo, remove, create, ...(Number.isFinite(next) ? { requeueAfterMs: Math.max(0, next) } : {}) };
}

export function finishedCondition(job: Job): JobCondition | undefined {
  return job.status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
}

function verdictOf(job: Job, pods: readonly Pod[], counted: Tally, active: readonly Pod[], nowMs: number): Verdict | undefined {
  const targets = job.status?.conditions ?? [];
  const target = targets.find((c) => c.type === 'FailureTarget' && c.status === 'True');
  if (target !== undefined) return { type: 'Failed', reason: target.reason ?? '', message: target.message ?? '' };
  const succeeded = counted.succeeded + (job.spec?.completionMode === 'Indexed' ? 0 : counted.uncounted.succeeded.length);
  const failed = counted.failed + counted.uncounted.failed.length;
  const limit = job.spec?.backoffLimit ?? 6;
  const restarts = job.spec?.template.spec?.restartPolicy === 'OnFailure' ? active.flatMap((p) => p.status?.containerStatuses ?? []).reduce((n, c) => n + c.restartCount, 0) : 0;
  const fatal = pods.find((p) => failsJob(job, p));
  if (fatal !== undefined) return { type: 'Failed', reason: 'PodFailurePolicy', message: `Pod ${fatal.metadata?.name} failed in a way that its podFailurePolicy makes final` };
  const wanted = job.spec?.completions;
  if (wanted === undefined ? succeeded > 0 && active.length === 0 : succeeded >= wanted) return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
  if (failed > limit || (restarts > 0 && restarts >= limit)) return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  const { startTime } = job.status ?? {};
  const seconds = job.spec?.activeDeadlineSeconds;
  if (seconds !== undefined && startTime !== undefined && job.spec?.suspend !== true && nowMs - Date.parse(startTime) >= seconds * 1_000) {
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  return undefined;
}

function conditionsOf(job: Job, verdict: Verdict | undefined, done: boolean, now: string): JobCondition[] {
  const conditions = [...(job.status?.conditions ?? [])];
  const set = (type: string, status: string, reason: string, message: string): void => {
    const at = conditions.findIndex((c) => c.type === type);
    if (conditions[at]?.status === status) return;
    const condition = { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
    if (at < 0) conditions.push(condition);
    else conditions[at] = condition;
  };
  if (verdict !== undefined) {
    set(verdict.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', 'True', verdict.reason, verdict.message);
    if (done) set(verdict.type, 'True', verdict.reason, verdict.message);
  } else if (job.spec?.suspend === true) set('Suspended', 'True', 'JobSuspended', 'Job suspended');
  else if (conditions.some((c) => c.type === 'Suspended')) set('Suspended', 'False', 'JobResumed', 'Job resumed');
  return conditions;
}

function podSteps(job: Job, pods: readonly Pod[], active: readonly Pod[], terminating: readonly Pod[], counted: Tally, nowMs: number): Pick<JobDecision, 'create' | 'remove'> & { waitMs: number } {
  const parallelism = job.spec?.parallelism ?? 1;
  const completions = job.spec?.completions;
  const indexed = job.spec?.completionMode === 'Indexed';
  const succeeded = counted.succeeded + (indexed ? 0 : counted.uncounted.succeeded.length);
  const wanted = completions === undefined ? (succeeded > 0 ? Math.min(active.length, parallelism) : parallelism) : Math.min(parallelism, completions - succeeded);
  if (active.length > wanted) return { create: [], remove: active.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b))).slice(0, active.length - wanted), waitMs: Infinity };
  const replaced = job.spec?.podReplacementPolicy === 'Failed' ? terminating.length : 0;
  const missing = wanted - active.length - replaced;
  if (missing <= 0) return { create: [], remove: [], waitMs: Infinity };
  const waitMs = backoffLeftMs(pods, counted, nowMs);
  if (waitMs > 0) return { create: [], remove: [], waitMs };
  if (!indexed) return { create: Array.from({ length: missing }, () => ({})), remove: [], waitMs: Infinity };
  const taken = new Set([...active, ...terminating].map(indexOf));
  const free: { index: number }[] = [];
  for (let index = 0; index < (completions ?? 0) && free.length < missing; index++) if (!taken.has(index) && !counted.completedIndexes.has(index)) free.push({ index });
  return { create: free, remove: [], waitMs: Infinity };
}

/** After the n-th failure in a row a new pod waits 10 s · 2^(n-1), at most 10 minutes, from the end of the last. */
function backoffLeftMs(pods: readonly Pod[], counted: Tally, nowMs: number): number {
  const failures = counted.failed + counted.uncounted.failed.length;
  if (failures === 0) return 0;
  const ended = pods.filter((p) => p.status?.phase === 'Failed').flatMap((p) => (p.status?.containerStatuses ?? []).map((c) => Date.parse(c.state?.terminated?.finishedAt ?? '')).filter(Number.isFinite));
  if (ended.length === 0) return 0;
  return Math.max(0, Math.max(...ended) + Math.min(podBackoff.maxMs, podBackoff.baseMs * 2 ** Math.min(failures - 1, 10)) - nowMs);
}

function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
