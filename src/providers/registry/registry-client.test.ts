import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registryClient } from './registry-client.ts';
import { hasRegistry, startRegistry, type TestRegistry } from './registry-fixture.ts';

const real = test.skipIf(!hasRegistry);
const client = registryClient();
const { signal } = new AbortController();
let registry: TestRegistry;
const servers: Server[] = [];

beforeAll(async () => { if (hasRegistry) registry = await startRegistry(); });
afterAll(async () => {
  for (const server of servers) { server.close(); server.closeAllConnections(); }
  if (hasRegistry) await registry.stop();
});

const at = (name: string, host = registry.host) => ({ image: `${host}/${name}`, insecure: true });

/** In front of the real registry, one that asks for a login as hosting services do. */
async function startGate(challenge: (origin: string) => string, accepted: string, token?: { readonly path: string; readonly login: string; readonly token: string }): Promise<string> {
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    if (token !== undefined && request.url?.startsWith(token.path) === true) {
      const allowed = authorization === `Basic ${Buffer.from(token.login).toString('base64')}` && request.url.includes(encodeURIComponent('repository:team/gated:pull'));
      return void response.writeHead(allowed ? 200 : 401).end(allowed ? JSON.stringify({ token: token.token }) : '');
    }
    if (authorization !== accepted) return void response.writeHead(401, { 'www-authenticate': challenge(`http://${request.headers.host}`) }).end();
    request.pipe(forward(`http://${registry.host}${request.url}`, { method: request.method, headers: { ...request.headers, authorization: '' } }, (reply) => { response.writeHead(reply.statusCode ?? 500, reply.headers); reply.pipe(response); }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

real('tags and digests are those that were pushed, and a moved tag has another', async () => {
  const first = await registry.push('team/shop', 'v1.0.0', 'one');
  const second = await registry.push('team/shop', 'v1.1.0', 'two');
  expect((await client.tags(at('team/shop'), signal)).sort()).toEqual(['v1.0.0', 'v1.1.0']);
  expect(await client.digest(at('team/shop'), 'v1.0.0', signal)).toBe(first);
  expect(await client.digest(at('team/shop'), 'v1.1.0', signal)).toBe(second);
  const moved = await registry.push('team/shop', 'v1.1.0', 'three');
  expect(await client.digest(at('team/shop'), 'v1.1.0', signal)).toBe(moved);
});

real('what is not there is named', async () => {
  await expect(client.tags(at('team/none'), signal)).rejects.toMatchObject({ reason: 'NotFound', message: expect.stringContaining('team/none') as string });
});

real('a password is sent to a registry that asks for Basic, and a wrong one is told', async () => {
  await registry.push('team/gated', 'v1.0.0', 'x');
  const host = await startGate(() => 'Basic realm="registry"', `Basic ${Buffer.from('robot:secret').toString('base64')}`);
  expect(await client.tags({ ...at('team/gated', host), login: { username: 'robot', password: 'secret' } }, signal)).toEqual(['v1.0.0']);
  await expect(client.tags({ ...at('team/gated', host), login: { username: 'robot', password: 'wrong' } }, signal)).rejects.toMatchObject({ reason: 'AccessDenied' });
  await expect(client.tags(at('team/gated', host), signal)).rejects.toMatchObject({ reason: 'AccessDenied' });
});

real('a token is fetched where the registry names a token server', async () => {
  await registry.push('team/gated', 'v1.0.0', 'x');
  const host = await startGate((origin) => `Bearer realm="${origin}/token",service="registry",scope="repository:team/gated:pull"`, 'Bearer t-1', { path: '/token', login: 'robot:secret', token: 't-1' });
  expect(await client.tags({ ...at('team/gated', host), login: { username: 'robot', password: 'secret' } }, signal)).toEqual(['v1.0.0']);
});

real('no password goes to a token server in plain text elsewhere', async () => {
  const host = await startGate(() => 'Bearer realm="http://tokens.example.com/token"', 'Bearer t-1');
  await expect(client.tags({ ...at('team/gated', host), login: { username: 'robot', password: 'secret' } }, signal)).rejects.toMatchObject({ reason: 'AccessDenied', message: expect.stringContaining('no password is sent there') as string });
});

test.for([
  { when: 'HTML', body: '<html></html>', status: 200, reason: 'Corrupt' },
  { when: 'JSON without tags', body: '{"tags":"v1"}', status: 200, reason: 'Corrupt' },
  { when: 'an error', body: '', status: 502, reason: 'Unreachable' },
])('a server that answers $when is no registry', async ({ body, status, reason }) => {
  const server = createServer((_, response) => { response.writeHead(status).end(body); });
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(client.tags({ image: `${host}/team/shop`, insecure: true }, signal)).rejects.toMatchObject({ reason });
});

test('a registry that lies about a manifest is found out', async () => {
  const server = createServer((_, response) => { response.writeHead(200).end('{}'); });
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(client.manifest({ image: `${host}/team/shop`, insecure: true }, `sha256:${'0'.repeat(64)}`, signal)).rejects.toMatchObject({ reason: 'Corrupt' });
});
