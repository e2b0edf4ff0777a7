import { expect, test } from 'vitest';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import { reconcile, type DeploymentAction } from './reconcile.ts';

const template = (image: string): PodTemplateSpec => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } });
const deployment = (image: string, more: Partial<Deployment['spec']> = {}, status: Deployment['status'] = {}): Deployment =>
  ({ metadata: { name: 'web', namespace: 'n', uid: 'd', generation: 2, annotations: { team: 'a' } }, spec: { replicas: 4, progressDeadlineSeconds: 600, selector: { matchLabels: { app: 'web' } }, template: template(image), ...more }, status }) as Deployment;
const set = (name: string, image: string, replicas: number, revision: number, desired = 4): ReplicaSet => ({
  metadata: { name, uid: name, generation: 1, creationTimestamp: `2026-01-01T00:00:0${revision}Z`, annotations: { 'deployment.kubernetes.io/revision': String(revision), 'deployment.kubernetes.io/desired-replicas': String(desired), 'deployment.kubernetes.io/max-replicas': '5', team: 'a' } },
  spec: { replicas, selector: {}, template: { ...template(image), metadata: { labels: { app: 'web', 'pod-template-hash': name } } } },
  status: { replicas, availableReplicas: replicas, readyReplicas: replicas, observedGeneration: 1 },
});
const decide = (d: Deployment, owned: ReplicaSet[], running: string[] = []) => reconcile({ deployment: d, replicaSets: { owned, adopt: [], release: [] }, running: new Set(running) }, 1_000);
const text = (a: DeploymentAction): string => {
  switch (a.type) {
    case 'create':
      return `create ${a.replicaSet.spec?.replicas}`;
    case 'update':
      return `${a.replicaSet.metadata?.name}=${a.replicas}`;
    case 'annotate':
      return `revision ${a.revision}`;
    case 'delete':
      return `delete ${a.replicaSet.metadata?.name}`;
  }
};

test.for([
  { when: 'nothing is there', d: deployment('a'), sets: [], then: ['create 4', 'revision 1'] },
  { when: 'the template changed', d: deployment('b'), sets: [set('a', 'a', 4, 1)], then: ['create 1', 'revision 2'] },
  { when: 'an old template comes back', d: deployment('a'), sets: [set('a', 'a', 0, 1), set('b', 'b', 4, 2)], then: ['a=1', 'b=3', 'revision 3'] },
  { when: 'paused, it only scales', d: deployment('b', { paused: true, replicas: 6 }), sets: [set('a', 'a', 4, 1)], then: ['a=6'] },
  { when: 'paused with a new template, it stands still', d: deployment('b', { paused: true }), sets: [set('a', 'a', 4, 1)], then: [] },
  { when: 'Recreate ends the old first', d: deployment('b', { strategy: { type: 'Recreate' } }), sets: [set('a', 'a', 4, 1)], then: ['a=0', 'revision 2'] },
  { when: 'Recreate waits for old pods that still run', d: deployment('b', { strategy: { type: 'Recreate' } }), sets: [set('a', 'a', 0, 1)], running: ['a'], then: ['revision 2'] },
  { when: 'Recreate starts the new when the old have ended', d: deployment('b', { strategy: { type: 'Recreate' } }), sets: [set('a', 'a', 0, 1)], then: ['create 4', 'revision 2'] },
])('$when', ({ d, sets, running, then }) => expect(decide(d, sets, running).actions.map(text)).toEqual(then));

test('superfluous revisions go once the rollout is complete, oldest first', () => {
  const d = deployment('c', { revisionHistoryLimit: 1 });
  d.metadata!.annotations!['deployment.kubernetes.io/revision'] = '3';
  expect(decide(d, [set('a', 'a', 0, 1), set('b', 'b', 0, 2), set('c', 'c', 4, 3)]).actions.map(text)).toEqual(['delete a']);
});

test('without progress until the deadline, Progressing says so', () => {
  const stuck = { ...set('b', 'b', 4, 2), status: { replicas: 4, availableReplicas: 0, observedGeneration: 1 } };
  const progressing = (lastUpdateTime: string) => ({ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime });
  const before = { replicas: 4, updatedReplicas: 4, unavailableReplicas: 4, conditions: [progressing('1969-12-31T23:40:00Z')] };
  const reasonOf = (d: Deployment) => decide(d, [stuck]).status.conditions?.find((c) => c.type === 'Progressing')?.reason;
  expect(reasonOf(deployment('b', {}, before))).toBe('ProgressDeadlineExceeded');
  expect(reasonOf(deployment('b', {}, { ...before, conditions: [progressing('1969-12-31T23:59:00Z')] }))).toBe('ReplicaSetUpdated');
});

test('a settled Deployment asks for no write', () => {
  const d = deployment('a');
  d.metadata!.annotations!['deployment.kubernetes.io/revision'] = '1';
  const settled = decide(d, [set('a', 'a', 4, 1)]);
  const again = decide({ ...d, status: settled.status }, [set('a', 'a', 4, 1)]);
  expect(again.actions).toEqual([]);
  expect(again.status).toEqual(settled.status);
});
