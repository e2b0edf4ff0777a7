import type { Strategy } from './strategy.ts';
import { genericStrategy } from './generic-strategy.ts';

const strategies = new Map<string, Strategy>();

/** The strategy of a built-in kind; a generic one (metadata, status split, generation) where it has none of its own. */
export function strategyFor(group: string, version: string, kind: string): Strategy {
  return strategies.get(`${group}/${version}/${kind}`) ?? genericStrategy;
}
