import { expect, test } from 'vitest';
import { jsonPatch } from './json-patch.ts';

const object = { spec: { list: ['a', 'b'], map: { 'x/y': 1, '~z': 2 } } };

test.for([
  { when: 'add inserts before an index', patch: [{ op: 'add', path: '/spec/list/1', value: 'n' }], list: ['a', 'n', 'b'] },
  { when: 'add appends at -', patch: [{ op: 'add', path: '/spec/list/-', value: 'n' }], list: ['a', 'b', 'n'] },
  { when: 'a negative index counts from the end', patch: [{ op: 'remove', path: '/spec/list/-1' }], list: ['a'] },
  { when: 'move takes the value away', patch: [{ op: 'move', from: '/spec/list/0', path: '/spec/list/1' }], list: ['b', 'a'] },
  { when: 'copy keeps it', patch: [{ op: 'copy', from: '/spec/list/0', path: '/spec/list/-' }], list: ['a', 'b', 'a'] },
])('$when', ({ patch, list }) => expect(jsonPatch(object, patch)).toEqual({ spec: { ...object.spec, list } }));

test('a pointer escapes slash and tilde', () => {
  expect(jsonPatch(object, [{ op: 'replace', path: '/spec/map/x~1y', value: 3 }, { op: 'remove', path: '/spec/map/~0z' }]))
    .toEqual({ spec: { list: ['a', 'b'], map: { 'x/y': 3 } } });
});

test('a copy and its source change apart', () => {
  const patch = [{ op: 'add', path: '/a', value: { n: 1 } }, { op: 'copy', from: '/a', path: '/b' }, { op: 'replace', path: '/b/n', value: 2 }];
  expect(jsonPatch({}, patch)).toEqual({ a: { n: 1 }, b: { n: 2 } });
});

test('untouched parts are shared', () => {
  expect(jsonPatch({ ...object, other: object.spec.map }, [{ op: 'add', path: '/x', value: 1 }]).spec).toBe(object.spec);
});

test.for([
  { when: 'the patch is no array', patch: {}, code: 400 },
  { when: 'it holds too many operations', patch: Array.from({ length: 10_001 }, () => ({ op: 'test', path: '' })), code: 413 },
  { when: 'a test fails', patch: [{ op: 'test', path: '/spec/list/0', value: 'z' }], code: 422 },
  { when: 'a removed value is not there', patch: [{ op: 'remove', path: '/spec/none' }], code: 422 },
  { when: 'a parent is not there', patch: [{ op: 'add', path: '/none/x', value: 1 }], code: 422 },
  { when: 'the path walks into a prototype', patch: [{ op: 'add', path: '/__proto__/polluted', value: 1 }], code: 422 },
])('refused when $when', ({ patch, code }) => expect(() => jsonPatch(object, patch)).toThrow(expect.objectContaining({ code })));
