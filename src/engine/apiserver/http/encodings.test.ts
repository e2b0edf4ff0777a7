import { request } from 'node:https';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { ConfigMaps, CustomResourceDefinitions } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { decodeBody } from '../protobuf/decode.ts';
import { ADMIN_TOKEN, startServerFixture, type ServerFixture } from '../server-fixture.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const metadata = (type: string, kind = 'PartialObjectMetadata'): string => `${type};as=${kind};g=meta.k8s.io;v=v1`;
const table = (type: string): string => `${type};as=Table;g=meta.k8s.io;v=v1`;
const maps = '/api/v1/namespaces/default/configmaps', one = `${maps}/one`, widgets = '/apis/example.com/v1/namespaces/default/widgets';
let api: ServerFixture;

beforeAll(async () => {
  api = await startServerFixture();
  const { client } = api;
  for (const name of ['one', 'two']) await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels: { b: '2', a: '1' } }, data: { a: 'ä€😀', z: '' }, binaryData: { k: 'AAEC' } });
  await client.create(CustomResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] },
  });
  await vi.waitFor(() => client.create(resource('example.com', 'v1', 'widgets', 'Widget'), { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'one', namespace: 'default' } } as never), { timeout: 30_000, interval: 20 });
});

afterAll(() => api.stop());

interface Answer { readonly code: number; readonly type: string; readonly body: Buffer }

const ask = (path: string, accept?: string, method = 'GET', body?: object): Promise<Answer> => new Promise((resolve, reject) => {
  const sent = request(api.server.url + path, { method, ca: api.server.caPem, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...(accept !== undefined && { accept }) } }, (res) => {
    const chunks: Buffer[] = [];
    res.on('data', (chunk: Buffer) => chunks.push(chunk));
    res.on('end', () => resolve({ code: res.statusCode ?? 0, type: res.headers['content-type'] ?? '', body: Buffer.concat(chunks) }));
  });
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
});

test.for<[path: string, accept: string, code: number, type: string]>([
  [one, `${protobuf},application/json`, 200, protobuf],
  [one, `${protobuf};q=0.5,application/json;q=0.9`, 200, 'application/json'],
  [one, `application/json;q=0,${protobuf}`, 200, protobuf],
  [one, '*/*,application/yaml', 200, 'application/yaml'],
  [one, 'text/html', 406, 'application/json'],
  [one, 'text/html,*/*', 200, 'application/json'],
  [one, table(protobuf), 406, protobuf],
  [one, `${table(protobuf)},application/json`, 200, 'application/json'],
  [one, metadata(protobuf), 200, protobuf],
  [maps, metadata(protobuf, 'PartialObjectMetadataList'), 200, protobuf],
  [`${maps}/none`, protobuf, 404, protobuf],
  [`${maps}/none`, 'application/yaml', 404, 'application/yaml'],
  [widgets, protobuf, 406, protobuf],
  [`${widgets}/one`, `${protobuf},application/json`, 200, 'application/json'],
  [`${widgets}/one`, metadata(protobuf), 200, protobuf],
  [`${widgets}/none`, `${protobuf},application/json`, 404, protobuf],
  [`${maps}?watch=1`, 'application/yaml', 406, 'application/yaml'],
])('GET %s with Accept: %s is answered with %i, %s', async ([path, accept, code, type]) => {
  expect(await ask(path, accept)).toMatchObject({ code, type });
});

test.for([
  { what: 'an object', path: one, accept: protobuf, json: 'application/json' },
  { what: 'a list', path: maps, accept: protobuf, json: 'application/json' },
  { what: 'a page', path: `${maps}?limit=1`, accept: protobuf, json: 'application/json' },
  { what: 'an object in another version than the stored one', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/view', accept: protobuf, json: 'application/json' },
  { what: 'metadata', path: one, accept: metadata(protobuf), json: metadata('application/json') },
  { what: 'a list of metadata', path: maps, accept: metadata(protobuf, 'PartialObjectMetadataList'), json: metadata('application/json', 'PartialObjectMetadataList') },
  { what: 'a Status', path: `${maps}/none`, accept: protobuf, json: 'application/json' },
])('$what is the same as protobuf, JSON and YAML', async ({ path, accept, json }) => {
  // Asked three times: a page that does not change is kept in one piece.
  for (let time = 0; time < 3; time++) {
    const encoded = decodeBody((await ask(path, accept)).body) as { items?: object[] };
    const plain = JSON.parse((await ask(path, json)).body.toString()) as { items?: { kind?: string; apiVersion?: string }[] };
    expect(parse((await ask(path, json.replace('json', 'yaml'))).body.toString())).toEqual(plain);
    // Items of a list say their kind in JSON alone.
    for (const item of plain.items ?? []) {
      delete item.kind;
      delete item.apiVersion;
    }
    expect(encoded).toEqual(plain);
  }
});

test('what is written, refused and deleted is answered as protobuf too', async () => {
  const made = await ask(maps, protobuf, 'POST', { metadata: { name: 'made' }, data: { a: '1' } });
  expect(decodeBody(made.body)).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'made' }, data: { a: '1' } });
  expect(decodeBody((await ask(maps, protobuf, 'POST', { metadata: { name: 'made' } })).body)).toMatchObject({ kind: 'Status', code: 409, reason: 'AlreadyExists' });
  expect(decodeBody((await ask(`${maps}/made`, protobuf, 'PUT', { metadata: { name: 'made' }, data: { a: '2' } })).body)).toMatchObject({ data: { a: '2' } });
  expect(decodeBody((await ask(`${maps}/made`, protobuf, 'DELETE')).body)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'made' } });
});

/** The events in a watch's frames. */
function events(bytes: Buffer): { type: string; object: unknown }[] {
  const found: { type: string; object: unknown }[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    const frame = bytes.subarray(at + 4, at + 4 + size);
    const start = frame.indexOf('k8s\0');
    found.push({ type: frame.subarray(2, 2 + (frame[1] ?? 0)).toString(), object: decodeBody(frame.subarray(start)) });
    at += 4 + size;
  }
  return found;
}

test('a watch is frames of protobuf: objects, the bookmark that ends the state, and metadata of custom resources', async () => {
  const initial = 'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const objects = await ask(`${maps}?${initial}&fieldSelector=metadata.name%3Done`, `${protobuf},application/json`);
  expect(objects.type).toBe(`${protobuf};stream=watch`);
  expect(events(objects.body)).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one' }, data: { a: 'ä€😀' } } },
    { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
  ]);
  const partial = await ask(`${widgets}?${initial}`, `${metadata(protobuf)},${metadata('application/json')}`);
  expect(events(partial.body)).toMatchObject([{ type: 'ADDED', object: { kind: 'PartialObjectMetadata', metadata: { name: 'one' } } }, { type: 'BOOKMARK', object: { kind: 'PartialObjectMetadata' } }]);
});
