import { expect, test } from 'vitest';
import { isInUse } from './in-use.ts';

test('a class is in use while a claim or a volume names it', () => {
  const of = { metadata: { name: 'fast' }, driverName: 'd' };
  expect(isInUse(of, [{ spec: { volumeAttributesClassName: 'fast' } }], [])).toBe(true);
  expect(isInUse(of, [{ spec: { volumeAttributesClassName: 'slow' }, status: { currentVolumeAttributesClassName: 'fast' } }], [])).toBe(true);
  expect(isInUse(of, [{ spec: { volumeAttributesClassName: 'slow' } }], [{ spec: { volumeAttributesClassName: 'fast' } }])).toBe(true);
  expect(isInUse(of, [{ spec: { volumeAttributesClassName: 'slow' } }], [])).toBe(false);
});
