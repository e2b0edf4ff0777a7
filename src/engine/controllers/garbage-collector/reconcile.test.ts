import { expect, test } from 'vitest';
import type { OwnerReference } from '../../../kubernetes/types.generated.ts';
import type { GraphNode } from './owner-graph.ts';
import { foreground, orphan, reconcile, type CollectAction, type OwnerState } from './reconcile.ts';

const owner = (uid: string, blockOwnerDeletion = false): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, blockOwnerDeletion });
const node = (uid: string, more: Partial<GraphNode> = {}): GraphNode => ({
  resource: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  key: { namespace: 'n', name: uid },
  uid,
  resourceVersion: '1',
  owners: [],
  finalizers: [],
  deleting: false,
  ...more,
});
const text = (a: CollectAction): string => {
  switch (a.type) {
    case 'delete':
      return `delete ${a.node.uid} ${a.propagation}`;
    case 'setOwners':
      return `${a.node.uid} owned by [${a.owners.map((o) => o.uid).join()}]`;
    case 'removeFinalizer':
      return `free ${a.node.uid} of ${a.finalizer}`;
  }
};

test.for([
  { when: 'nobody ever owned it', node: node('a'), owners: {}, then: [] },
  { when: 'its owner is there', node: node('a', { owners: [owner('o')] }), owners: { o: 'present' }, then: [] },
  { when: 'its only owner is gone', node: node('a', { owners: [owner('o')] }), owners: { o: 'absent' }, then: ['delete a Background'] },
  { when: 'one of two owners is gone', node: node('a', { owners: [owner('o'), owner('p')] }), owners: { o: 'absent', p: 'present' }, then: ['a owned by [p]'] },
  { when: 'its owner waits for it', node: node('a', { owners: [owner('o')] }), owners: { o: 'waiting' }, then: ['delete a Background'] },
  { when: 'its owner waits and it has dependents', node: node('a', { owners: [owner('o')] }), dependents: [node('b', { owners: [owner('a')] })], owners: { o: 'waiting' }, then: ['delete a Foreground'] },
  { when: 'it goes and lets its dependents live', node: node('a', { deleting: true, finalizers: [orphan] }), dependents: [node('b', { owners: [owner('a'), owner('p')] })], owners: {}, then: ['b owned by [p]', 'free a of orphan'] },
  { when: 'it waits for a dependent that blocks', node: node('a', { deleting: true, finalizers: [foreground] }), dependents: [node('b', { owners: [owner('a', true)] })], owners: {}, then: [] },
  { when: 'no dependent blocks it', node: node('a', { deleting: true, finalizers: [foreground] }), dependents: [node('b', { owners: [owner('a')] })], owners: {}, then: ['free a of foregroundDeletion'] },
])('$when', ({ node: it, dependents = [], owners, then }) => {
  const states = new Map(Object.entries(owners) as [string, OwnerState][]);
  expect(reconcile({ node: it, dependents, owners: states }).map(text)).toEqual(then);
});
