import { expect, test } from 'vitest';
import { schemaFor } from '../schema/schema.ts';
import type { JsonObject } from './json.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const pod = schemaFor('', 'v1', 'Pod');
const deployment = schemaFor('apps', 'v1', 'Deployment');
const live = { metadata: { finalizers: ['a/b', 'c/d'], labels: { x: '1' } }, spec: { containers: [{ name: 'a', image: 'a:1' }, { name: 'b', image: 'b:1' }] } };
const containers = (patch: JsonObject) => (strategicMergePatch(live, { spec: patch }, pod).spec as JsonObject).containers;

test('list items merge by key; new ones are added', () => {
  expect(containers({ containers: [{ name: 'b', image: 'b:2' }, { name: 'c', image: 'c:1' }] })).toEqual([
    { name: 'a', image: 'a:1' }, { name: 'b', image: 'b:2' }, { name: 'c', image: 'c:1' },
  ]);
});

test('$patch: delete takes one item away', () => expect(containers({ containers: [{ name: 'a', $patch: 'delete' }] })).toEqual([live.spec.containers[1]]));

test('$patch: replace replaces the list', () => {
  expect(containers({ containers: [{ $patch: 'replace' }, { name: 'z', image: 'z:1' }] })).toEqual([{ name: 'z', image: 'z:1' }]);
});

test('$setElementOrder orders the list', () => {
  expect(containers({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] })).toEqual([live.spec.containers[1], live.spec.containers[0]]);
});

test('$deleteFromPrimitiveList deletes plain values', () => {
  const patched = strategicMergePatch(live, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'] } }, pod);
  expect(patched.metadata).toEqual({ ...live.metadata, finalizers: ['c/d'] });
});

test('$retainKeys drops what it does not name', () => {
  const before = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  expect(strategicMergePatch(before, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, deployment))
    .toEqual({ spec: { strategy: { type: 'Recreate' } } });
});

test('plain lists with the strategy merge are united, others replaced', () => {
  expect(strategicMergePatch(live, { metadata: { finalizers: ['e/f'] } }, pod).metadata).toMatchObject({ finalizers: ['e/f', 'a/b', 'c/d'] });
  expect(strategicMergePatch({ spec: { containers: [{ name: 'a', args: ['x'] }] } }, { spec: { containers: [{ name: 'a', args: ['y'] }] } }, pod))
    .toEqual({ spec: { containers: [{ name: 'a', args: ['y'] }] } });
});

test.for([
  { when: 'an item lacks its merge key', patch: { spec: { containers: [{ image: 'x' }] } } },
  { when: 'a directive is unknown', patch: { metadata: { $patch: 'burn' } } },
  { when: 'the order leaves an item out', patch: { spec: { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] } } },
])('refused when $when', ({ patch }) => expect(() => strategicMergePatch(live, patch, pod)).toThrow(expect.objectContaining({ code: 400 })));
