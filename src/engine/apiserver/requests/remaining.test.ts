import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigMaps } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture;
const total = 7;

beforeAll(async () => {
  api = await startServerFixture();
  for (let i = 0; i < total; i++) await api.client.create(ConfigMaps, { metadata: { namespace: 'default', name: `map-${i}`, labels: { all: 'yes' } } });
  await api.client.create(ConfigMaps, { metadata: { namespace: 'kube-system', name: 'other' } });
});
afterAll(() => api.stop());

/** Names and what is left of each page. */
async function pages(path: string, limit: number, then: () => Promise<unknown> = () => Promise.resolve()): Promise<readonly (readonly [names: number, left: number | undefined])[]> {
  const found: [number, number | undefined][] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const { body } = await api.client.raw('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${token === '' ? '' : `&continue=${token}`}`);
    const { items, metadata } = JSON.parse(body) as { items: object[]; metadata: { continue?: string; remainingItemCount?: number } };
    found.push([items.length, metadata.remainingItemCount]);
    token = metadata.continue;
    await then();
  }
  return found;
}

const maps = '/api/v1/namespaces/default/configmaps';

test('each page tells how many objects are on those after it, whatever is written meanwhile', async () => {
  expect(await pages(maps, 3)).toEqual([[3, 4], [3, 1], [1, undefined]]);
  let more = 0;
  expect(await pages(maps, 3, () => api.client.create(ConfigMaps, { metadata: { namespace: 'default', name: `more-${more++}` } }))).toEqual([[3, 4], [3, 1], [1, undefined]]);
  const all = (await api.client.list(ConfigMaps)).items.length;
  expect((await pages('/api/v1/configmaps', 5)).map(([, left]) => left)).toEqual([all - 5, all - 10, undefined]);
});

test('of a selection nobody tells what is left', async () => {
  expect(await pages(`${maps}?labelSelector=all%3Dyes`, 4)).toEqual([[4, undefined], [3, undefined]]);
});
