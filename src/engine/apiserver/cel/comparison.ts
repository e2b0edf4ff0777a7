import { isDeepStrictEqual } from 'node:util';

/** Equality of CEL: numbers of different types are equal where their values are. */
export function equalValues(a: unknown, b: unknown): boolean {
  // eslint-disable-next-line eqeqeq -- 1n == 1 is what CEL says of numbers.
  if (isNumber(a) && isNumber(b)) return a == b;
  return isDeepStrictEqual(a, b);
}

/** Order of CEL for numbers, texts, booleans, times and durations.
 *  @throws {Error} where the two have no order */
export function compareValues(a: unknown, b: unknown): number {
  const comparable = (isNumber(a) && isNumber(b)) || (typeof a === typeof b && (typeof a === 'string' || typeof a === 'boolean')) || (a instanceof Date && b instanceof Date);
  if (!comparable) throw new Error(`${typeof a} and ${typeof b} have no order`);
  const [left, right] = [a as number, b as number];
  return left < right ? -1 : left > right ? 1 : 0;
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
