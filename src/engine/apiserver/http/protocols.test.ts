import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps } from '../../../client/kinds.ts';
import { ADMIN_TOKEN, startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture;
/** Speaks HTTP/1.1. */
let client: Client;
/** Speaks HTTP/2, as Go's clients do, on the same port. */
let session: ClientHttp2Session;

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
  session = connect(api.server.url, { ca: api.server.caPem });
});

afterAll(async () => {
  session.destroy();
  await api.stop();
});

const maps = '/api/v1/namespaces/default/configmaps';

function asked(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ [constants.HTTP2_HEADER_METHOD]: method, [constants.HTTP2_HEADER_PATH]: path, authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' });
    let status = 0, text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => { status = Number(headers[constants.HTTP2_HEADER_STATUS]); });
    stream.on('data', (chunk: string) => { text += chunk; });
    stream.on('end', () => resolve({ status, text }));
    stream.on('error', reject);
    stream.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test('what HTTP/2 writes, HTTP/1.1 reads on the same port, and the other way', async () => {
  const made = await asked('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-http2' }, data: { a: '1' } });
  expect(made.status).toBe(201);
  expect((await client.get(ConfigMaps, { namespace: 'default', name: 'by-http2' })).data).toEqual({ a: '1' });
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-http1', namespace: 'default' }, data: { b: '2' } });
  expect(JSON.parse((await asked('GET', `${maps}/by-http1`)).text)).toMatchObject({ data: { b: '2' } });
  expect(await asked('GET', `${maps}/none`)).toMatchObject({ status: 404, text: expect.stringContaining('NotFound') });
});

test('many lists larger than one piece come whole over one HTTP/2 connection', async () => {
  for (let i = 0; i < 4; i++) expect((await asked('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${i}`, labels: { large: 'yes' } }, data: { text: 'x'.repeat(200_000) } })).status).toBe(201);
  const lists = await Promise.all(Array.from({ length: 6 }, () => asked('GET', `${maps}?labelSelector=large%3Dyes`)));
  for (const { text } of lists) expect((JSON.parse(text) as { items: { data: { text: string } }[] }).items.map((o) => o.data.text.length)).toEqual([200_000, 200_000, 200_000, 200_000]);
});

test('a watch over HTTP/2 tells of writes over HTTP/1.1', async () => {
  const stream = session.request({ [constants.HTTP2_HEADER_PATH]: `${maps}?watch=1&fieldSelector=metadata.name%3Dseen`, authorization: `Bearer ${ADMIN_TOKEN}` });
  const line = new Promise<string>((resolve) => stream.setEncoding('utf8').once('data', resolve));
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen', namespace: 'default' } });
  expect(JSON.parse(await line)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'seen' } } });
  stream.close();
});
