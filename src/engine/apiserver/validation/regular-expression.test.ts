import fc from 'fast-check';
import { expect, test } from 'vitest';
import { regularExpression } from './regular-expression.ts';

test.for(['(a*)*b', '^(a+)+$', '(a|aa)+$', 'a*a*a*a*b', '^(([a-z])+.)+[A-Z]([a-z])+$'])('%s takes no time that grows with more than the text', (pattern) => {
  expect(regularExpression(pattern).test(`${'a'.repeat(50_000)}!`)).toBe(false);
});

test.for<[pattern: string, text: string, matches: boolean]>([
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'shop-1', true],
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', '-shop', false],
  ['^[a-z]+(\\.[a-z]+)*$', 'shop.example.com', true],
  ['(?i)^SHOP$', 'shop', true],
  ['^[[:alpha:]]+$', 'a1', false],
  ['^\\pL+$', 'ä', true],
  ['^.$', '😀', true],
])('%s on %s', ([pattern, text, matches]) => expect(regularExpression(pattern).test(text)).toBe(matches));

test.for(['(?=a)b', '(a)\\1', '[a', '(?<!a)b', '*'])('%s is none', (pattern) => expect(() => regularExpression(pattern)).toThrow());

test('both engines agree on the patterns that the fast one is given', () => {
  const part = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)?', 'a?', '^', '$');
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.constantFrom('', 'a*', 'b+', '[ab]{2}'), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (parts, loop, text) => {
    const pattern = parts.join('') + loop;
    expect(regularExpression(pattern).test(text)).toBe(!regularExpression(pattern).matches(text).next().done);
  }));
});
