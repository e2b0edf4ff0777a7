import { expect, test } from 'vitest';
import { decodeManagedFields } from './managed-fields.ts';
import { fromFieldsV1, toFieldsV1, union } from './field-set.ts';

const named = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [`f:${name}`, {}]));

test.for([5, 40])('%i fields are written in the order of their names, whatever order they came in', (count) => {
  const names = Array.from({ length: count }, (_, i) => `n${(i * 7) % count}`);
  expect(Object.keys(toFieldsV1(fromFieldsV1(named(names))))).toEqual(names.map((n) => `f:${n}`).toSorted());
});

test('a union is the larger set itself where it has all of the smaller, and both together where not', () => {
  const labels = fromFieldsV1({ 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {} } } });
  expect(union(labels, fromFieldsV1({ 'f:metadata': { 'f:labels': { 'f:a': {} } } }))).toBe(labels);
  expect(toFieldsV1(union(labels, fromFieldsV1({ 'f:metadata': { '.': {}, 'f:labels': { 'f:c': {} } } })))).toEqual({ 'f:metadata': { '.': {}, 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {}, 'f:c': {} } } });
});

test('entries that come back with another time share the fields of those they are like; changed ones do not', () => {
  const entry = (manager: string, time: string, fieldsV1: object): object => ({ manager, operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1 });
  const stored = [entry('a', '2026-01-01T00:00:00Z', named(['x'])), entry('b', '2026-01-01T00:00:00Z', named(['y']))] as never;
  const sent = [entry('a', '2026-01-02T00:00:00Z', named(['x'])), entry('b', '2026-01-02T00:00:00Z', named(['z']))] as never;
  const [a] = [...decodeManagedFields(stored).values()];
  const [sentA, sentB] = [...decodeManagedFields(sent, stored).values()];
  expect(sentA?.fields).toBe(a?.fields);
  expect(sentA?.time).toBe('2026-01-02T00:00:00Z');
  expect(toFieldsV1(sentB!.fields)).toEqual(named(['z']));
});
