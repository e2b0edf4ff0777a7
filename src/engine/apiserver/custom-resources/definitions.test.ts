import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { CustomResourceDefinitions } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { isNotFound } from '../../../client/status-error.ts';
import { startWebhookServer, type Review } from '../admission/webhooks/webhook-server.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture, client: Client;

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

interface Names { readonly plural: string; readonly kind: string; readonly shortNames?: readonly string[] }
const version = (name: string, spec: object, more: object = {}) => ({ name, served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } }, ...more });
const definition = (group: string, names: Names, versions: readonly object[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${names.plural}.${group}` },
  spec: { group, scope: 'Namespaced', names: { singular: names.kind.toLowerCase(), listKind: `${names.kind}List`, ...names }, versions },
}) as never;
const object = (group: string, version: string, kind: string, name: string, spec: object, metadata: object = {}) => ({ apiVersion: `${group}/${version}`, kind, metadata: { name, namespace: 'default', ...metadata }, spec }) as never;
const conditionsOf = async (name: string) => Object.fromEntries(((await client.get(CustomResourceDefinitions, { name })).status?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]));
const text = { type: 'string' }, number = { type: 'integer' };
const schema = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });

test('an object that one version wrote is shown by the others as their own, in gets, lists and watches', async () => {
  const [old, now] = ['v1beta1', 'v1'].map((v) => resource('many.example.com', v, 'cogs', 'Cog'));
  await client.create(CustomResourceDefinitions, definition('many.example.com', { plural: 'cogs', kind: 'Cog' }, [version('v1beta1', schema({ size: number })), version('v1', schema({ size: number, colour: { ...text, default: 'grey' } }), { storage: true })]));
  await client.create(old as never, object('many.example.com', 'v1beta1', 'Cog', 'a', { size: 1 }));
  await client.create(now as never, object('many.example.com', 'v1', 'Cog', 'b', { size: 2 }));
  for (const [kind, apiVersion] of [[old, 'many.example.com/v1beta1'], [now, 'many.example.com/v1']] as const) {
    expect((await client.get(kind as never, { namespace: 'default', name: 'a' }))).toMatchObject({ apiVersion, spec: { size: 1 } });
    expect((await client.list(kind as never)).items).toMatchObject([{ apiVersion }, { apiVersion }]);
  }
  expect(await client.get(now as never, { namespace: 'default', name: 'a' })).toMatchObject({ spec: { size: 1, colour: 'grey' } });
  const { resourceVersion } = await client.list(old as never);
  await client.patch(now as never, { namespace: 'default', name: 'b' }, { spec: { size: 3 } });
  for await (const event of client.watch(old as never, { resourceVersion } as never)) {
    expect(event).toMatchObject({ type: 'MODIFIED', object: { apiVersion: 'many.example.com/v1beta1', spec: { size: 3 } } });
    break;
  }
});

test('a default that comes later is there when older objects are read; the storage versions are remembered', async () => {
  const Pegs = resource('late.example.com', 'v1', 'pegs', 'Peg');
  await client.create(CustomResourceDefinitions, definition('late.example.com', { plural: 'pegs', kind: 'Peg' }, [version('v1', schema({ colour: text }), { storage: true })]));
  await client.create(Pegs, object('late.example.com', 'v1', 'Peg', 'a', {}));
  for (let i = 0; i < 3; i++) await client.list(Pegs);
  await client.patch(CustomResourceDefinitions, { name: 'pegs.late.example.com' }, { spec: { versions: [version('v1', schema({ colour: { ...text, default: 'blue' } })), version('v2', schema({ colour: text }), { storage: true })] } } as never, { type: 'merge' } as never);
  await expect.poll(() => client.get(Pegs, { namespace: 'default', name: 'a' })).toMatchObject({ spec: { colour: 'blue' } });
  expect((await client.list(Pegs)).items).toMatchObject([{ spec: { colour: 'blue' } }]);
  await expect.poll(async () => (await client.get(CustomResourceDefinitions, { name: 'pegs.late.example.com' })).status?.storedVersions).toEqual(['v1', 'v2']);
});

test('names that another definition of the group has are not accepted until they are free', async () => {
  const group = 'names.example.com';
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'firsts', kind: 'Thing', shortNames: ['th'] }, [version('v1', schema({}), { storage: true })]));
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'seconds', kind: 'Thing' }, [version('v1', schema({}), { storage: true })]));
  await expect.poll(() => conditionsOf(`seconds.${group}`)).toMatchObject({ NamesAccepted: expect.stringContaining('False'), Established: 'False NotAccepted' });
  await expect(client.list(resource(group, 'v1', 'seconds', 'Thing'))).rejects.toSatisfy(isNotFound);
  await client.delete(CustomResourceDefinitions, { name: `firsts.${group}` });
  await expect.poll(() => conditionsOf(`seconds.${group}`)).toMatchObject({ NamesAccepted: 'True NoConflicts', Established: 'True InitialNamesAccepted' });
  expect((await client.list(resource(group, 'v1', 'seconds', 'Thing'))).items).toEqual([]);
});

test('a definition goes after its objects: one with a finalizer holds it, and nothing new comes meanwhile', async () => {
  const group = 'going.example.com', name = `keys.${group}`, Keys = resource(group, 'v1', 'keys', 'Key');
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'keys', kind: 'Key' }, [version('v1', schema({}), { storage: true })]));
  await client.create(Keys, object(group, 'v1', 'Key', 'free', {}));
  await client.create(Keys, object(group, 'v1', 'Key', 'held', {}, { finalizers: ['example.com/hold'] }));
  await client.delete(CustomResourceDefinitions, { name });
  await expect.poll(async () => (await client.list(Keys)).items.map((k) => [k.metadata?.name, k.metadata?.deletionTimestamp !== undefined])).toEqual([['held', true]]);
  expect(await conditionsOf(name)).toMatchObject({ Terminating: 'True InstanceDeletionInProgress' });
  await expect(client.create(Keys, object(group, 'v1', 'Key', 'new', {}))).rejects.toMatchObject({ code: 405 });
  await client.patch(Keys, { namespace: 'default', name: 'held' }, { metadata: { finalizers: null } } as never);
  await expect.poll(() => client.get(CustomResourceDefinitions, { name }).then(() => 'there', (e: { code: number }) => e.code)).toBe(404);
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'keys', kind: 'Key' }, [version('v1', schema({}), { storage: true })]));
  expect((await client.list(Keys)).items).toEqual([]);
});

test('what an older schema let in stays writable where it is not touched', async () => {
  const group = 'ratchet.example.com', Cups = resource(group, 'v1', 'cups', 'Cup');
  const required = { required: ['id'] };
  const list = { type: 'array', items: schema({ id: text, n: number }, required), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] };
  const loose = schema({ colour: text, size: number, list });
  const strict = schema({ colour: { ...text, enum: ['red'] }, size: { ...number, maximum: 5 }, list: { ...list, items: schema({ id: text, n: { ...number, maximum: 1 } }, required) } }, { required: ['size'], 'x-kubernetes-validations': [{ rule: "self.?colour.orValue('') != 'mud'", message: 'no mud' }] });
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'cups', kind: 'Cup' }, [version('v1', loose, { storage: true })]));
  await client.create(Cups, object(group, 'v1', 'Cup', 'a', { colour: 'mud', size: 9, list: [{ id: 'x', n: 5 }, { id: 'y', n: 0 }] }));
  await client.patch(CustomResourceDefinitions, { name: `cups.${group}` }, { spec: { versions: [version('v1', strict, { storage: true })] } } as never);
  const key = { namespace: 'default', name: 'a' };
  await expect.poll(() => client.create(Cups, object(group, 'v1', 'Cup', 'b', { colour: 'mud', size: 9 })).then(() => 0, (e: { code: number }) => e.code)).toBe(422);
  await client.patch(Cups, key, { metadata: { labels: { touched: 'yes' } } } as never);
  await client.patch(Cups, key, { spec: { colour: 'red', list: [{ id: 'y', n: 1 }, { id: 'x', n: 5 }] } } as never);
  await expect(client.patch(Cups, key, { spec: { size: 8 } } as never)).rejects.toMatchObject({ code: 422, details: { causes: [{ field: 'spec.size' }] } });
  await expect(client.patch(Cups, key, { spec: { list: [{ id: 'x', n: 4 }] } } as never)).rejects.toMatchObject({ code: 422 });
  await expect(client.patch(Cups, key, { spec: { size: null } } as never)).rejects.toMatchObject({ code: 422 });
});

test('rules have Kubernetes\'s libraries, and an optional old self on create', async () => {
  const group = 'rules.example.com', Rods = resource(group, 'v1', 'rods', 'Rod');
  const spec = schema({ cpu: text, n: number }, { 'x-kubernetes-validations': [{ rule: "quantity(self.cpu).isLessThan(quantity('2'))", message: 'less than 2' }, { rule: 'oldSelf.hasValue() ? oldSelf.value().n <= self.n : self.n == 1', optionalOldSelf: true, message: 'from 1 upwards' }] });
  await client.create(CustomResourceDefinitions, definition(group, { plural: 'rods', kind: 'Rod' }, [version('v1', spec, { storage: true })]));
  const rod = (name: string, cpu: string, n: number) => client.create(Rods, object(group, 'v1', 'Rod', name, { cpu, n }));
  await rod('a', '500m', 1);
  await expect(rod('b', '3', 1)).rejects.toMatchObject({ code: 422, message: expect.stringContaining('less than 2') });
  await expect(rod('c', '1', 2)).rejects.toMatchObject({ code: 422, message: expect.stringContaining('from 1 upwards') });
  await client.patch(Rods, { namespace: 'default', name: 'a' }, { spec: { n: 3 } } as never);
  await expect(client.patch(Rods, { namespace: 'default', name: 'a' }, { spec: { n: 2 } } as never)).rejects.toMatchObject({ code: 422 });
});

test('a webhook converts between versions, in gets, lists, watches and writes; without it only the other versions fail', async () => {
  const group = 'converted.example.com', [One, Two] = ['v1', 'v2'].map((v) => resource(group, v, 'doors', 'Door')) as [never, never];
  const hooks = await startWebhookServer();
  let calls = 0;
  // v1 has spec.size as "WxH", v2 has it as two numbers.
  const convert = ({ request }: Review): object => {
    calls++;
    const convertedObjects = (request['objects'] as { spec: { size?: string; width?: number; height?: number } }[]).map((o) => ({
      ...o, apiVersion: request['desiredAPIVersion'] as string,
      spec: o.spec.size === undefined ? { size: `${o.spec.width}x${o.spec.height}` } : { width: Number(o.spec.size.split('x')[0]), height: Number(o.spec.size.split('x')[1]) },
    }));
    return { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } };
  };
  const clientConfig = hooks.serve('/convert', convert);
  const made = definition(group, { plural: 'doors', kind: 'Door' }, [version('v1', schema({ size: text })), version('v2', schema({ width: number, height: number, open: { type: 'boolean', default: false } }), { storage: true })]) as { spec: Record<string, unknown> };
  await client.create(CustomResourceDefinitions, { ...made, spec: { ...made.spec, conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } } } } as never);
  await client.create(One, object(group, 'v1', 'Door', 'a', { size: '2x3' }));
  await client.create(Two, object(group, 'v2', 'Door', 'b', { width: 4, height: 5 }));
  expect(await client.get(Two, { namespace: 'default', name: 'a' })).toMatchObject({ apiVersion: `${group}/v2`, spec: { width: 2, height: 3, open: false } });
  expect((await client.list(One)).items).toMatchObject([{ apiVersion: `${group}/v1`, spec: { size: '2x3' } }, { apiVersion: `${group}/v1`, spec: { size: '4x5' } }]);
  const before = calls;
  await client.list(One);
  expect(calls).toBe(before);
  const { resourceVersion } = await client.list(One);
  expect(await client.patch(Two, { namespace: 'default', name: 'a' }, { spec: { width: 9 } } as never)).toMatchObject({ spec: { width: 9, height: 3 } });
  await client.delete(Two, { namespace: 'default', name: 'b' });
  const seen: unknown[] = [];
  for await (const event of client.watch(One, { resourceVersion } as never)) {
    seen.push([event.type, (event as unknown as { object: { spec: unknown } }).object.spec]);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual([['MODIFIED', { size: '9x3' }], ['DELETED', { size: '4x5' }]]);
  hooks.serve('/convert', (review) => ({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response: { uid: review.request.uid, result: { status: 'Failure', message: 'out of hinges' } } }));
  await client.create(One, object(group, 'v1', 'Door', 'c', { size: '1x1' }));
  await expect(client.get(Two, { namespace: 'default', name: 'c' })).rejects.toMatchObject({ code: 500, message: expect.stringContaining('out of hinges') });
  expect(await client.get(One, { namespace: 'default', name: 'c' })).toMatchObject({ spec: { size: '1x1' } });
  await hooks.close();
});
