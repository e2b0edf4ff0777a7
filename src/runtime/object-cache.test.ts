import { expect, test } from 'vitest';
import { ObjectCache } from './object-cache.ts';

const pod = (name: string, resourceVersion: string, app: string) => ({ metadata: { namespace: 'n', name, resourceVersion, labels: { app } } });
const byApp = (o: ReturnType<typeof pod>) => [o.metadata.labels.app];

test('an index follows adds, changes and deletions', () => {
  const cache = new ObjectCache<ReturnType<typeof pod>>();
  cache.set(pod('a', '1', 'x'));
  cache.addIndex('app', byApp);
  cache.set(pod('a', '2', 'y'));
  expect([cache.byIndex('app', 'x').length, cache.byIndex('app', 'y').length, cache.list('n').length]).toEqual([0, 1, 1]);
  cache.delete({ namespace: 'n', name: 'a' });
  expect([cache.byIndex('app', 'y').length, cache.list('n').length]).toEqual([0, 0]);
});

test('a full list tells only what differs', () => {
  const cache = new ObjectCache<ReturnType<typeof pod>>();
  cache.replace([pod('a', '1', 'x'), pod('b', '1', 'x')]);
  const seen: string[] = [];
  cache.onChange(({ previous, current }) => seen.push(`${previous?.metadata.name ?? '-'}>${current?.metadata.name ?? '-'}`));
  cache.replace([pod('a', '1', 'x'), pod('c', '2', 'x')]);
  expect(seen).toEqual(['b>-', '->c']);
});

test('an index name belongs to one function', () => {
  const cache = new ObjectCache<ReturnType<typeof pod>>();
  cache.addIndex('app', byApp);
  cache.addIndex('app', byApp);
  expect(() => cache.addIndex('app', (o) => byApp(o))).toThrow("'app'");
});
