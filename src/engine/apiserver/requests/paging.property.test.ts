import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps, Namespaces } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture, client: Client;

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

type Write = { readonly type: 'put' | 'delete'; readonly name: string; readonly colour: 'red' | 'blue' };
const write = fc.record({ type: fc.constantFrom('put' as const, 'delete' as const), name: fc.integer({ min: 0, max: 11 }).map((n) => `m${n}`), colour: fc.constantFrom('red' as const, 'blue' as const) });

let runs = 0;

test('a paged list sees exactly one revision, whatever is written between and during its pages', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(write, { maxLength: 12 }), fc.array(fc.array(write, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom(undefined, 'colour=red'),
    async (before, between, limit, labelSelector) => {
      const namespace = `paging-${++runs}`;
      await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      const present = new Map<string, string>();
      let serial = 0;
      const apply = async ({ type, name, colour }: Write): Promise<void> => {
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { colour } }, data: { serial: String(++serial) } };
        if (type === 'delete') {
          if (present.delete(name)) await client.delete(ConfigMaps, { namespace, name });
          return;
        }
        if (present.has(name)) await client.update(ConfigMaps, object);
        else await client.create(ConfigMaps, object);
        present.set(name, `${colour} ${serial}`);
      };
      for (const one of before) await apply(one);
      const expected = [...present].filter(([, state]) => labelSelector === undefined || state.startsWith('red')).map(([name, state]) => `${name} ${state}`).sort();
      const selection = { namespace, limit, ...(labelSelector !== undefined && { labelSelector }) };
      const seen: string[] = [];
      let page = await client.list(ConfigMaps, selection);
      const { resourceVersion } = page;
      for (let turn = 0; ; turn++) {
        seen.push(...page.items.map((o) => `${o.metadata?.name} ${o.metadata?.labels?.['colour']} ${o.data?.['serial']}`));
        expect(page.items.length).toBeLessThanOrEqual(limit);
        expect(page.resourceVersion).toBe(resourceVersion);
        const { continueToken } = page;
        if (!continueToken) break;
        // The writes of this turn are under way while the next page is read.
        const writing = (async () => { for (const one of between[turn % between.length] as Write[]) await apply(one); })();
        page = await client.list(ConfigMaps, { ...selection, continueToken });
        await writing;
      }
      expect(seen).toEqual(expected);
    },
  ), { numRuns: 60 });
});
