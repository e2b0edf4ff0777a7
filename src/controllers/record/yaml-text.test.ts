import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { yamlText } from './yaml-text.ts';

const byTheLibrary = (value: unknown): string => stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });

const words = fc.constantFrom('app', 'true', 'null', '~', 'yes', '1', '1e3', '0x1f', '.5', '-', '- a', 'a: b', 'a:b', 'a:', 'a #b', 'a b', 'sha256:abc', '2026-11-25T12:00:00Z', '1 of 2 pods (ready)', 'ends-', '', ' ', 'x\ny', 'x\n', '{}', '[a]', '&a', '*a', '!a', '%a', '@a', '`a`', '"a"', "it's", 'ü', 'a, b', 'a;b', '?', '? a', '<<', '=', 'aweigh.dev/track', '25%', '\t', 'a\tb', 'https://a/b?c=d', 'NaN', 'Infinity', '__proto__');
const text = fc.oneof(words, fc.string(), fc.string({ unit: 'binary', maxLength: 4 }));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(text.filter((key) => key !== '__proto__'), fc.oneof(tie('value'), fc.constant(undefined)), { maxKeys: 4, noNullPrototype: true }),
}));

test('any value is written as the library writes it', () => {
  fc.assert(fc.property(value, (any) => { expect(yamlText(any)).toBe(byTheLibrary(any)); }), { numRuns: 5_000 });
});

test('what the record holds is written as the library writes it', () => {
  const spec = {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop-free-v1.2', labels: { app: 'shop', version: 'v1.2', build: '12' }, annotations: {} },
    spec: { replicas: 4, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } }, template: { spec: { containers: [{ name: 'app', image: 'shop@sha256:12ab', args: ['-p', '8080', '--verbose'], env: [{ name: 'A', value: '' }, { name: 'B', value: 'no: 1' }], ports: [] }, { name: 'side', command: ['sh', '-c', 'echo a\necho b\n'] }] } } },
  };
  expect(yamlText(spec)).toBe(byTheLibrary(spec));
  spec.spec.template.spec.containers.pop();
  expect(yamlText(spec)).toBe(byTheLibrary(spec));
  expect(yamlText({ nested: [[1, 2], [], [{ a: [] }, { b: {} }]] })).toBe(byTheLibrary({ nested: [[1, 2], [], [{ a: [] }, { b: {} }]] }));
});
