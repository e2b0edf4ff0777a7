import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomResourceDefinitions } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture;

beforeAll(async () => {
  api = await startServerFixture();
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } };
  await api.client.create(CustomResourceDefinitions, { metadata: { name: 'fruits.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'fruits', kind: 'Fruit' }, versions: [{ name: 'v1', served: true, storage: true, schema }] } });
});
afterAll(() => api.stop());

const types = { json: 'application/json', yaml: 'application/yaml', apply: 'application/apply-patch+yaml' } as const;
const bodies = { json: '{"apiVersion":"example.com/v1","kind":"Fruit","metadata":{"name":"f"},"spec":{"a":1,"a":2}}', yaml: 'apiVersion: example.com/v1\nkind: Fruit\nmetadata:\n  name: f\nspec:\n  a: 1\n  a: 2\n' };
const maps = { json: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"f"},"data":{"a":"1","a":"2"}}', yaml: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: f\ndata:\n  a: "1"\n  a: "2"\n' };
const path = { fruits: '/apis/example.com/v1/namespaces/default/fruits', configmaps: '/api/v1/namespaces/default/configmaps' } as const;
const said = { json: { fruits: 'duplicate field "spec.a"', configmaps: 'duplicate field "data.a"' }, yaml: { fruits: 'line 7: key "a" already set in map', configmaps: 'line 7: key "a" already set in map' } } as const;

const cases = (['fruits', 'configmaps'] as const).flatMap((plural) => (['json', 'yaml', 'apply'] as const).map((way) => ({ plural, way })));

test.for(cases)('$plural: a key that comes twice in $way is refused, warned of, or the last one counts, as the request asks', async ({ plural, way }) => {
  await expect.poll(async () => (await api.client.raw('GET', path[plural])).status, { timeout: 60_000 }).toBe(200);
  const language = way === 'json' ? 'json' : 'yaml';
  const body = (plural === 'fruits' ? bodies : maps)[language];
  const send = (fieldValidation: string) => api.client.raw(way === 'apply' ? 'PATCH' : 'POST', `${path[plural]}${way === 'apply' ? '/f' : ''}?dryRun=All&fieldManager=test&fieldValidation=${fieldValidation}`, { body, headers: { 'content-type': types[way] } });
  const refused = await send('Strict');
  expect([refused.status, (JSON.parse(refused.body) as { message: string }).message]).toEqual([400, expect.stringContaining(said[language][plural])]);
  const warned = await send('Warn');
  expect([warned.status, String(warned.headers['warning']).replaceAll('\\"', '"')]).toEqual([201, expect.stringContaining(said[language][plural])]);
  const ignored = await send('Ignore');
  expect(ignored.headers['warning']).toBeUndefined();
  const made = JSON.parse(ignored.body) as { spec?: { a: number }; data?: { a: string } };
  expect(made.spec?.a ?? Number(made.data?.a)).toBe(2);
});
