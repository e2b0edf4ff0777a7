import resourceData from '../../../kubernetes/data/resources.json' with { type: 'json' };
import { hasShape, shapeName } from '../decode/reader.ts';
import shapes from '../../../kubernetes/data/shapes.json' with { type: 'json' };
import type { KindRules } from './built-in-kind.ts';
import { strategyOf } from './built-in-kind.ts';
import { builtInRules } from './rules.ts';
import type { Strategy } from './strategy.ts';
import { genericStrategy } from './generic-strategy.ts';

const strategies = new Map<string, Strategy>();

function keyOf(group: string, version: string, kind: string): string {
  return `${group}/${version}/${kind}`;
}

function register(rules: KindRules): void {
  const shape = (shapes as Record<string, Record<string, string>>)[shapeName(rules.group, rules.version, rules.kind)];
  strategies.set(keyOf(rules.group, rules.version, rules.kind), strategyOf(rules, shape !== undefined && 'status' in shape && hasShape(shapeName(rules.group, rules.version, `${rules.kind}Status`))));
}

for (const rules of builtInRules) register(rules);
for (const resource of resourceData.resources) {
  const slash = resource.groupVersion.indexOf('/');
  const group = slash < 0 ? '' : resource.groupVersion.slice(0, slash);
  const version = resource.groupVersion.slice(slash + 1);
  if (!strategies.has(keyOf(group, version, resource.kind))) register({ group, version, kind: resource.kind, namespaced: resource.namespaced });
}

/** The strategy of a built-in kind; a generic one (metadata, status split, generation) where it has none of its own. */
export function strategyFor(group: string, version: string, kind: string): Strategy {
  return strategies.get(keyOf(group, version, kind)) ?? genericStrategy;
}
