import type { Environment } from '@marcbachmann/cel-js';
import { compareValues, equalValues } from './comparison.ts';

/** isSorted, sum, min, max, indexOf and lastIndexOf of lists; slice, reverse, distinct and sort beside them. */
export function addLists(environment: Environment): Environment {
  return environment
    .registerFunction('list.isSorted(): bool', (list: unknown[]) => list.every((item, i) => i === 0 || compareValues(list[i - 1], item) <= 0))
    .registerFunction('list.sum(): dyn', (list: (bigint | number)[]) => (list.length === 0 ? 0n : list.reduce((a, b) => (a as number) + (b as number))))
    .registerFunction('list.min(): dyn', (list: unknown[]) => extreme(list, 'min', (order) => order < 0))
    .registerFunction('list.max(): dyn', (list: unknown[]) => extreme(list, 'max', (order) => order > 0))
    .registerFunction('list.indexOf(dyn): int', (list: unknown[], wanted: unknown) => BigInt(list.findIndex((item) => equalValues(item, wanted))))
    .registerFunction('list.lastIndexOf(dyn): int', (list: unknown[], wanted: unknown) => BigInt(list.findLastIndex((item) => equalValues(item, wanted))))
    .registerFunction('list.slice(int, int): list', (list: unknown[], start: bigint, end: bigint) => {
      if (start < 0n || end > BigInt(list.length) || start > end) throw new Error(`slice(${start}, ${end}) is outside a list of ${list.length}`);
      return list.slice(Number(start), Number(end));
    })
    .registerFunction('list.reverse(): list', (list: unknown[]) => list.toReversed())
    .registerFunction('list.distinct(): list', (list: unknown[]) => list.filter((item, i) => list.findIndex((other) => equalValues(item, other)) === i))
    .registerFunction('list.sort(): list', (list: unknown[]) => list.toSorted(compareValues));
}

function extreme(list: readonly unknown[], name: string, isBetter: (order: number) => boolean): unknown {
  if (list.length === 0) throw new Error(`${name}() of an empty list`);
  return list.reduce((best, item) => (isBetter(compareValues(item, best)) ? item : best));
}
