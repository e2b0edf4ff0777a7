import { expect, test } from 'vitest';
import { CostLimitError, withinBudget } from './budget.ts';
import { celEnvironment, compile } from './environment.ts';

const items = Array.from({ length: 300 }, (_, i) => BigInt(i));
const evaluate = (text: string): unknown => compile(celEnvironment(['items', 'text']), text)({ items, text: 'a'.repeat(100_000) });

test.for([
  'items.all(a, items.all(b, items.all(c, a + b + c >= 0)))',
  'items.exists(a, items.exists(b, items.exists(c, a + b + c < 0)))',
  'items.exists(a, items.exists(b, items.exists(c, a + b + c < 0))) || true',
  'items.map(a, items.map(b, items.map(c, a + b + c))).size() > 0',
  'items.filter(a, items.exists_one(b, items.exists_one(c, a == b + c))).size() > 0',
  'items.all(a, text.matches("(a*)*b") || true)',
  'items.all(a, text.contains(text))',
  'items.all(i, a, items.all(j, b, items.transformList(k, c, a + b + c).size() > 0))',
])('%s takes too many steps and is stopped', (text) => {
  expect(() => evaluate(text)).toThrow(CostLimitError);
});

test.for(['items.all(a, a >= 0)', 'items.all(a, items.exists(b, a == b))', 'text.contains("b") || text.startsWith("a")', 'items.map(a, a * 2).size() == 300'])('%s is within the limits', (text) => {
  expect(evaluate(text)).toBe(true);
});

test('expressions of one request share a budget, and a larger one is not given by asking within it', () => {
  withinBudget(1000, () => {
    expect(evaluate('items.all(a, a >= 0)')).toBe(true);
    withinBudget(1_000_000, () => expect(() => evaluate('items.all(a, a >= 0)')).toThrow(CostLimitError));
    expect(() => evaluate('items.all(a, a >= 0)')).toThrow('running out of cost budget');
  });
  expect(evaluate('items.all(a, a >= 0)')).toBe(true);
});
