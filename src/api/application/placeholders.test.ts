import { expect, test } from 'vitest';
import { fillPlaceholders } from './placeholders.ts';

const values = { image: 'shop@sha256:1', version: 'v1.2.0', track: 'free', application: 'shop', commit: 'abc' };

test('placeholders are filled in keys\' values at any depth, others stay', () => {
  expect(fillPlaceholders({ a: '${image}', b: [{ c: '${application}-${track}-${version}' }], d: '${HOME} $(POD_IP)', e: 3 }, values))
    .toEqual({ a: 'shop@sha256:1', b: [{ c: 'shop-free-v1.2.0' }], d: '${HOME} $(POD_IP)', e: 3 });
});

test('the template stays as it was', () => {
  const template = { image: '${image}' };
  fillPlaceholders(template, values);
  expect(template.image).toBe('${image}');
});
