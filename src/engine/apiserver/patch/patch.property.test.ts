import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPatch } from './json-patch.ts';
import type { JsonObject } from './json.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', '$patch');
const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null), fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
}));
const object = fc.dictionary(key, value, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;

const frozen = <T>(v: T): T => {
  if (typeof v === 'object' && v !== null) { Object.freeze(v); Object.values(v).forEach(frozen); }
  return v;
};

test('a merge patch changes no argument, and applying it twice is applying it once', () => {
  fc.assert(fc.property(object, object, (live, patch) => {
    const once = mergePatch(frozen(live), frozen(patch));
    expect(mergePatch(once, patch)).toBe(once === live ? live : mergePatch(once, patch));
    expect(mergePatch(once, patch)).toEqual(once);
  }));
});

test('patches change no argument and no prototype, whatever they hold', () => {
  const path = fc.array(fc.constantFrom('a', 'b', '0', '-', '__proto__', 'constructor'), { maxLength: 3 }).map((parts) => parts.map((p) => `/${p}`).join(''));
  const operations = fc.array(fc.record({ op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), path, from: path, value }), { maxLength: 5 });
  fc.assert(fc.property(object, operations, object, (live, ops, patch) => {
    frozen(live);
    for (const run of [() => jsonPatch(live, frozen(ops)), () => strategicMergePatch(live, frozen(patch), undefined)]) {
      try { run(); } catch (e) { expect(e).toMatchObject({ name: 'PatchError' }); }
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  }));
});
