import { expect, test } from 'vitest';
import type { Job, Pod } from '../../../kubernetes/types.generated.ts';
import { reconcile } from './reconcile.ts';
import { formatIndexes, parseIndexes, trackingFinalizer } from './tally.ts';

const job = (spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job =>
  ({ metadata: { name: 'j', namespace: 'n', uid: 'j' }, spec: { parallelism: 1, completions: 1, backoffLimit: 1, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c' }] } }, ...spec }, status }) as Job;
const pod = (uid: string, phase: string, tracked = true): Pod => ({ metadata: { name: uid, uid, finalizers: tracked ? [trackingFinalizer] : [] }, status: { phase } }) as Pod;
const truths = (j: Job, pods: Pod[]) => reconcile(j, pods, true, 0).status.conditions?.filter((c) => c.status === 'True').map((c) => c.type);

test('as many pods run as parallelism and what is left to complete allow', () => {
  expect(reconcile(job({ parallelism: 3, completions: 5 }, { succeeded: 3 }), [], true, 0).create.length).toBe(2);
});

test('an ended pod is noted before its finalizer goes, and counted after', () => {
  const first = reconcile(job({ completions: 2 }), [pod('a', 'Succeeded')], true, 0);
  expect([first.status.succeeded, first.status.uncountedTerminatedPods?.succeeded, first.letGo.length]).toEqual([0, ['a'], 1]);
  const second = reconcile(job({ completions: 2 }, first.status), [pod('a', 'Succeeded', false)], true, 0);
  expect([second.status.succeeded, second.status.uncountedTerminatedPods?.succeeded]).toEqual([1, []]);
  const gone = reconcile(job({ completions: 2 }, first.status), [], true, 0);
  expect(gone.status.succeeded).toBe(1);
});

test('a job is Complete only when all pods are counted and none runs', () => {
  expect(truths(job({}, { startTime: '1970-01-01T00:00:00Z' }), [pod('a', 'Succeeded')])).toEqual(['SuccessCriteriaMet']);
  expect(truths(job({}, { succeeded: 1, startTime: '1970-01-01T00:00:00Z' }), [])).toEqual(['SuccessCriteriaMet', 'Complete']);
});

test('more failures than the limit fail the job and end its pods', () => {
  const decision = reconcile(job({ parallelism: 2, completions: 2 }, { failed: 2 }), [pod('r', 'Running')], true, 0);
  expect(decision.remove.map((p) => p.metadata?.uid)).toEqual(['r']);
  expect(decision.status.conditions?.map((c) => `${c.type} ${c.reason}`)).toEqual(['FailureTarget BackoffLimitExceeded']);
});

test('a deadline wakes the job when it falls due', () => {
  expect(reconcile(job({ activeDeadlineSeconds: 5 }), [pod('r', 'Running')], true, 0).requeueAfterMs).toBe(5_000);
  expect(truths(job({ activeDeadlineSeconds: 5 }, { startTime: '1969-12-31T23:59:50Z' }), [pod('r', 'Running')])).toEqual(['FailureTarget']);
});

test('an indexed job fills the lowest free indexes', () => {
  const decision = reconcile(job({ completionMode: 'Indexed', completions: 5, parallelism: 2 }, { completedIndexes: '0,2' }), [], true, 0);
  expect(decision.create).toEqual([{ index: 1 }, { index: 3 }]);
});

test('index lists survive a round trip', () => {
  expect(formatIndexes(parseIndexes('0,2-4,7,8'))).toBe('0,2-4,7,8');
});
