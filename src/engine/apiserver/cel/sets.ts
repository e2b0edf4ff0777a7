import type { Environment } from '@marcbachmann/cel-js';
import { equalValues } from './comparison.ts';

class SetFunctions {
  readonly name = 'sets';
}

/** sets.contains, sets.equivalent and sets.intersects. */
export function addSets(environment: Environment): Environment {
  const has = (list: readonly unknown[], wanted: unknown): boolean => list.some((item) => equalValues(item, wanted));
  return environment
    .registerType('kubernetes.Sets', SetFunctions)
    .registerConstant('sets', 'kubernetes.Sets', new SetFunctions())
    .registerFunction('kubernetes.Sets.contains(list, list): bool', (_: unknown, list: unknown[], wanted: unknown[]) => wanted.every((item) => has(list, item)))
    .registerFunction('kubernetes.Sets.intersects(list, list): bool', (_: unknown, list: unknown[], other: unknown[]) => other.some((item) => has(list, item)))
    .registerFunction('kubernetes.Sets.equivalent(list, list): bool', (_: unknown, list: unknown[], other: unknown[]) => list.every((item) => has(other, item)) && other.every((item) => has(list, item)));
}
