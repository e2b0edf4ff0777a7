import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EndpointSlices, Pods, ServiceAccounts, Services } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture, pod: Server, port: number;
const namespace = 'default';

beforeAll(async () => {
  pod = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      res.writeHead(req.url === '/teapot' ? 418 : 200, { 'content-type': 'application/json', 'x-pod': 'yes' });
      res.end(JSON.stringify({ method: req.method, url: req.url, authorization: req.headers.authorization, accept: req.headers.accept, body: Buffer.concat(chunks).toString() }));
    });
  });
  await new Promise<void>((resolve) => void pod.listen(0, '127.0.0.1', resolve));
  port = (pod.address() as AddressInfo).port;
  api = await startServerFixture({ loopbackAddresses: true, staticTokens: [{ token: 'viewer', user: 'viewer', groups: [] }] });
  const { client } = api;
  await client.create(ServiceAccounts, { metadata: { namespace, name: 'default' } });
  await client.create(Pods, { metadata: { namespace, name: 'web' }, spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: port }] }] } });
  await client.create(Pods, { metadata: { namespace, name: 'waits' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await client.patch(Pods, { namespace, name: 'web' }, { status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } }, { subresource: 'status' });
  await client.create(Services, { metadata: { namespace, name: 'web' }, spec: { ports: [{ name: 'main', port: 80 }, { name: 'none', port: 81 }] } });
  await client.create(EndpointSlices, { metadata: { namespace, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }], ports: [{ name: 'main', port }] });
});

afterAll(async () => {
  await api.stop();
  pod.close();
  pod.closeAllConnections();
});

const base = `/api/v1/namespaces/${namespace}`;

test.for([
  { path: () => 'pods/web/proxy/a%2Fb?c=d', sees: '/a%2Fb?c=d' },
  { path: () => `pods/http:web:${port}/proxy/`, sees: '/' },
  { path: () => 'pods/web:http/proxy/x/', sees: '/x/' },
  { path: () => 'services/web/proxy/x', sees: '/x' },
  { path: () => 'services/web:main/proxy/x', sees: '/x' },
  { path: () => 'services/http:web:80/proxy/x', sees: '/x' },
])('a request comes through to $sees, and its answer back', async ({ path, sees }) => {
  const answer = await api.client.raw('POST', `${base}/${path()}`, { body: 'hello', headers: { accept: 'text/plain' } });
  expect([answer.status, answer.headers['x-pod'], JSON.parse(answer.body)]).toEqual([200, 'yes', { method: 'POST', url: sees, accept: 'text/plain', body: 'hello' }]);
});

test('a pod answers with codes of its own, and a path without an end is sent to its folder', async () => {
  expect((await api.client.raw('GET', `${base}/pods/web/proxy/teapot`)).status).toBe(418);
  const moved = await api.client.raw('GET', `${base}/pods/web/proxy?a=b`);
  expect([moved.status, moved.headers['location']]).toEqual([301, `${base}/pods/web/proxy/?a=b`]);
});

test.for([
  { what: 'no such pod', path: 'pods/none/proxy/', code: 404 },
  { what: 'no such Service', path: 'services/none/proxy/', code: 404 },
  { what: 'no such port', path: 'pods/web:nope/proxy/', code: 400 },
  { what: 'another scheme', path: 'pods/ftp:web:21/proxy/', code: 400 },
  { what: 'a pod without an address', path: 'pods/waits/proxy/', code: 503 },
  { what: 'nobody at the port', path: 'pods/web:1/proxy/', code: 503 },
  { what: 'no ready endpoint', path: 'services/web:none/proxy/', code: 503 },
])('$what is told: $code', async ({ path, code }) => {
  expect((await api.client.raw('GET', `${base}/${path}`)).status).toBe(code);
});

test('who holds no right to pods/proxy reaches no pod', async () => {
  const answer = await api.client.raw('GET', `${base}/pods/web/proxy/`, { headers: { authorization: 'Bearer viewer' } });
  expect(answer.status).toBe(403);
});

test('a server of other addresses passes nothing on to its own machine', async () => {
  const other = await startServerFixture();
  await other.client.create(ServiceAccounts, { metadata: { namespace, name: 'default' } });
  await other.client.create(Pods, { metadata: { namespace, name: 'web' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await other.client.patch(Pods, { namespace, name: 'web' }, { status: { podIP: '127.0.0.1' } }, { subresource: 'status' });
  expect((await other.client.raw('GET', `${base}/pods/web:${port}/proxy/`)).status).toBe(400);
  await other.stop();
});
