import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../client/resource.ts';
import { selectsAll } from '../../kubernetes/label-selector.ts';
import type { Informer } from '../../runtime/informer.ts';
import { ObjectCache } from '../../runtime/object-cache.ts';
import { indexLabels, indexSelectors, selectorIndex, thatMaySelect, withLabels } from './label-index.ts';

type Selecting = KubernetesObject & { readonly spec?: { readonly selector?: Record<string, string> } };

const informerOf = <T extends KubernetesObject>(cache: ObjectCache<T>): Informer<T> => Object.assign(cache, { synced: Promise.resolve() });
const names = (objects: readonly KubernetesObject[]): (string | undefined)[] => objects.map((o) => o.metadata?.name);

const labelSets: Record<string, Record<string, string>> = {
  both: { app: 'shop', track: 'free' }, app: { app: 'shop' }, other: { app: 'bank', track: 'free' }, bare: {},
};

test.for<Record<string, string>>([{ app: 'shop' }, { app: 'shop', track: 'free' }, { track: 'free' }, { app: 'none' }, {}])('labels %o find what a look at every object finds', (labels) => {
  const cache = new ObjectCache<KubernetesObject>();
  indexLabels(informerOf(cache));
  for (const [name, set] of Object.entries(labelSets)) for (const namespace of ['a', 'b']) cache.set({ metadata: { namespace, name, labels: set } });
  const all = Object.entries(labelSets).filter(([, set]) => selectsAll(labels, set)).map(([name]) => name);
  const found = withLabels(informerOf(cache), 'a', labels);
  expect(names(found).toSorted()).toEqual(all.toSorted());
  expect(found.every((o) => o.metadata?.namespace === 'a')).toBe(true);
});

test.for(Object.entries(labelSets))('what selects labels is among what may select them: %s', ([, labels]) => {
  const cache = new ObjectCache<Selecting>();
  indexSelectors(informerOf(cache), selectorIndex((o: Selecting) => o.spec?.selector));
  const selectors: Record<string, Record<string, string> | undefined> = { everything: {}, nothing: undefined, shop: { app: 'shop' }, free: { track: 'free' }, both: { track: 'free', app: 'shop' } };
  for (const [name, selector] of Object.entries(selectors)) cache.set({ metadata: { namespace: 'a', name }, ...(selector && { spec: { selector } }) });
  const may = names(thatMaySelect(informerOf(cache), 'a', labels));
  for (const [name, selector] of Object.entries(selectors)) if (selector !== undefined && selectsAll(selector, labels)) expect(may).toContain(name);
  expect(may).not.toContain('nothing');
  expect(thatMaySelect(informerOf(cache), 'b', labels)).toEqual([]);
});
