import { expect, test } from 'vitest';
import { ExpressionChecker } from './check.ts';
import { declaredType } from './declared-type.ts';

test('turning a text into another type costs a step, however long the text may be', () => {
  const self = declaredType({ type: 'object', properties: { request: { type: 'string' }, count: { type: 'string' } } })!;
  const cost = (rule: string) => new ExpressionChecker([self]).check(rule, { self });
  for (const rule of ["duration(self.request) != duration('0s')", 'int(self.count) > 0', 'timestamp(self.request) == timestamp(self.count)']) expect(cost(rule)).toMatchObject({ maxCost: expect.toSatisfy((max: number) => max < 20) });
  expect(cost("self.request.contains('s')")).toMatchObject({ maxCost: expect.toSatisfy((max: number) => max > 10_000) });
});
