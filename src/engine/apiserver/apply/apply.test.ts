import { expect, test } from 'vitest';
import { isObject, type JsonObject } from '../patch/json.ts';
import { schemaFor } from '../schema/schema.ts';
import { applyConfiguration, type ApplyResult } from './apply-configuration.ts';
import { conflictStatus } from './conflict.ts';
import { trackUpdate } from './track-update.ts';

const schema = schemaFor('apps', 'v1', 'Deployment');
const apply = (live: JsonObject | undefined, manager: string, parts: JsonObject, force = false): ApplyResult =>
  applyConfiguration({ live, applied: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, ...parts }, manager, apiVersion: 'apps/v1', force, schema, now: '2026-01-01T00:00:00Z' });
function object(result: ApplyResult): JsonObject {
  if ('conflicts' in result) throw new Error(JSON.stringify(result.conflicts));
  return result.object;
}
const container = (name: string, more: JsonObject = {}): JsonObject => ({ name, image: `${name}:1`, ...more });
const pod = (...containers: JsonObject[]): JsonObject => ({ spec: { template: { spec: { containers } } } });
const containersOf = (o: JsonObject): unknown => ['spec', 'template', 'spec', 'containers'].reduce<unknown>((v, f) => (isObject(v) ? v[f] : undefined), o);
const owners = (o: JsonObject): unknown => (isObject(o.metadata) ? (o.metadata.managedFields as JsonObject[]).map((m) => m.manager) : undefined);

test('the applier owns what it applies, list items by key', () => {
  const created = object(apply(undefined, 'a', { spec: { replicas: 2, template: { spec: { containers: [container('web')] } } } }));
  expect(created.metadata).toEqual({
    name: 'd',
    managedFields: [{
      manager: 'a', operation: 'Apply', apiVersion: 'apps/v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } } } },
    }],
  });
});

test('what one no longer applies goes away; what another applies too stays', () => {
  let live = object(apply(undefined, 'a', pod(container('x'), container('y'))));
  live = object(apply(live, 'b', pod(container('y'))));
  live = object(apply(live, 'a', pod()));
  expect(containersOf(live)).toEqual([container('y')]);
});

test('a changed value of another owner conflicts, unless forced', () => {
  const live = object(apply(undefined, 'a', { spec: { replicas: 1 } }));
  const refused = apply(live, 'b', { spec: { replicas: 2 } });
  expect(refused).toEqual({ conflicts: [{ owner: expect.objectContaining({ manager: 'a' }), field: '.spec.replicas' }] });
  expect('conflicts' in refused && conflictStatus(refused.conflicts).causes).toEqual([{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.replicas' }]);
  const forced = object(apply(live, 'b', { spec: { replicas: 2 } }, true));
  expect(forced.spec).toEqual({ replicas: 2 });
  expect(owners(forced)).toEqual(['b']);
});

test('the same value is shared, and then nobody takes it away alone', () => {
  let live = object(apply(undefined, 'a', { spec: { replicas: 1 } }));
  live = object(apply(live, 'b', { spec: { replicas: 1 } }));
  expect(owners(live)).toEqual(['b', 'a']);
  live = object(apply(live, 'a', {}));
  expect(live.spec).toEqual({ replicas: 1 });
  expect(owners(live)).toEqual(['b']);
});

test('applying the same again changes nothing, not even times', () => {
  const live = object(apply(undefined, 'a', { spec: { replicas: 1 } }));
  expect(object(apply(live, 'a', { spec: { replicas: 1 } }))).toBe(live);
});

test('an update takes the changed fields over', () => {
  const live = object(apply(undefined, 'a', { spec: { replicas: 1, paused: true } }));
  const updated = trackUpdate({ before: live, after: { ...live, spec: { replicas: 3, paused: true } }, manager: 'u', apiVersion: 'apps/v1', schema, now: '2026-01-02T00:00:00Z' });
  expect(isObject(updated.metadata) && updated.metadata.managedFields).toMatchObject([
    { manager: 'a', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    { manager: 'u', operation: 'Update', time: '2026-01-02T00:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
  ]);
});

test('defaults inside an item stay as long as the item does', () => {
  const created = object(apply(undefined, 'a', pod(container('x', { command: ['c'] }))));
  const live = { ...created, ...pod(container('x', { command: ['c'], terminationMessagePath: '/dev/termination-log' })) };
  expect(containersOf(object(apply(live, 'a', pod(container('x')))))).toEqual([container('x', { terminationMessagePath: '/dev/termination-log' })]);
});

test.for([
  { when: 'the version is another', parts: { apiVersion: 'apps/v2' } },
  { when: 'it brings managedFields', parts: { metadata: { name: 'd', managedFields: [] } } },
  { when: 'a field is unknown', parts: { spec: { none: 1 } } },
  { when: 'an item is there twice', parts: pod(container('x'), container('x')) },
])('refused when $when', ({ parts }) => expect(() => apply(undefined, 'a', parts)).toThrow(expect.objectContaining({ code: 400 })));
