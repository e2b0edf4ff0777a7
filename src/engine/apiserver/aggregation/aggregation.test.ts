import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps, EndpointSlices, Services } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { systemClock } from '../../../runtime/system-clock.ts';
import { CertificateAuthority } from '../certificates/authority.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

const ApiServices = resource('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService', false);

let dir: string, api: ServerFixture, admin: Client, reader: Client, extension: Server, caBundle: string;
const asked: { method: string | undefined; url: string | undefined; headers: IncomingMessage['headers']; by: string | undefined; body: string }[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-aggregation-'));
  api = await startServerFixture({ loopbackAddresses: true, staticTokens: [{ token: 'reader-token', user: 'reader', groups: ['readers'] }] });
  admin = api.client;
  reader = api.clientOf('reader-token');
  const authority = await CertificateAuthority.open(join(dir, 'extension'), systemClock);
  caBundle = Buffer.from(authority.caPem).toString('base64');
  const { certPem, keyPem } = await authority.serving('extension', ['127.0.0.1', 'fruits.default.svc']);
  const { data } = await admin.get(ConfigMaps, { namespace: 'kube-system', name: 'extension-apiserver-authentication' });
  extension = createServer({ cert: certPem, key: keyPem, ca: data?.['requestheader-client-ca-file'] ?? '', requestCert: true, rejectUnauthorized: true }, (req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (text: string) => (body += text));
    req.on('end', () => {
      asked.push({ method: req.method, url: req.url, headers: req.headers, by: (req.socket as TLSSocket).getPeerCertificate().subject.CN as string, body });
      const answer = (code: number, value: object): void => void res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (req.url === '/apis/fruits.example.com/v1') answer(200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'fruits.example.com/v1', resources: [{ name: 'apples', singularName: 'apple', namespaced: true, kind: 'Apple', verbs: ['get', 'list', 'create'], shortNames: ['ap'] }] });
      else if (req.method === 'POST') answer(201, JSON.parse(body) as object);
      else if (req.url?.includes('watch=true') === true) res.writeHead(200, { 'content-type': 'application/json' }).write('{"type":"ADDED"}\n');
      else answer(200, { kind: 'AppleList', apiVersion: 'fruits.example.com/v1', metadata: {}, items: [] });
    });
  });
  await new Promise<void>((resolve) => void extension.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await api.stop();
  await new Promise((resolve) => { extension.close(resolve); extension.closeAllConnections(); });
  rmSync(dir, { recursive: true });
});

const availability = async () => ((await admin.get(ApiServices, { name: 'v1.fruits.example.com' })) as { status?: { conditions?: { type: string; status: string; reason: string }[] } }).status?.conditions?.map((c) => `${c.type} ${c.status} ${c.reason}`);
const path = '/apis/fruits.example.com/v1/namespaces/default/apples';
const get = async (client: Client, at: string, headers: Record<string, string> = {}) => {
  const answer = await client.raw('GET', at, { headers });
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
};

test('an APIService tells why it is not available until its service answers, and its requests fail meanwhile', async () => {
  await admin.create(ApiServices, { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.fruits.example.com' }, spec: { group: 'fruits.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, caBundle, service: { namespace: 'default', name: 'fruits' } } } as never);
  await expect.poll(availability, { timeout: 20_000 }).toEqual(['Available False ServiceNotFound']);
  expect(await get(admin, path)).toMatchObject({ status: 503, body: { kind: 'Status', reason: 'ServiceUnavailable' } });
  await admin.create(Services, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'fruits', namespace: 'default' }, spec: { ports: [{ port: 443 }] } });
  await admin.create(EndpointSlices, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'fruits-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'fruits' } }, addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }], ports: [{ name: '', port: (extension.address() as AddressInfo).port, protocol: 'TCP' }] });
  await expect.poll(availability, { timeout: 20_000 }).toEqual(['Available True Passed']);
});

test('discovery has what it serves beside everything else', async () => {
  const groups = (await get(admin, '/apis')).body['groups'] as { name: string; preferredVersion: unknown }[];
  expect(groups.find((g) => g.name === 'fruits.example.com')).toMatchObject({ preferredVersion: { groupVersion: 'fruits.example.com/v1' } });
  expect(groups.some((g) => g.name === 'apps')).toBe(true);
  const aggregated = (await get(admin, '/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })).body['items'] as { metadata: { name: string } }[];
  expect(aggregated.find((g) => g.metadata.name === 'fruits.example.com')).toMatchObject({ versions: [{ version: 'v1', resources: [{ resource: 'apples', shortNames: ['ap'] }] }] });
});

test('requests reach it as they are, with the user\'s name by the front proxy\'s certificate and without the user\'s credentials', async () => {
  asked.length = 0;
  const body = JSON.stringify({ kind: 'Apple', metadata: { name: 'a' } });
  const made = await admin.raw('POST', `${path}?fieldManager=me`, { body, headers: { 'content-type': 'application/json', 'x-remote-user': 'somebody-else', 'x-remote-group': 'system:masters' } });
  expect([made.status, made.body]).toEqual([201, body]);
  expect(asked[0]).toMatchObject({ method: 'POST', url: `${path}?fieldManager=me`, by: 'front-proxy-client', body, headers: { 'x-remote-user': 'admin', 'x-remote-group': expect.stringContaining('system:masters') } });
  expect(asked[0]?.headers).not.toHaveProperty('authorization');
});

test('who may not ask is refused here; who may is named there', async () => {
  expect((await get(reader, path).catch((error: { code: number }) => ({ status: error.code }))).status).toBe(403);
  await admin.create(resource('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false), { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'apples' }, rules: [{ apiGroups: ['fruits.example.com'], resources: ['apples'], verbs: ['list', 'watch'] }] } as never);
  await admin.create(resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false), { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'apples' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'apples' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'readers' }] } as never);
  asked.length = 0;
  expect(await get(reader, path)).toMatchObject({ status: 200, body: { kind: 'AppleList' } });
  expect(asked[0]?.headers).toMatchObject({ 'x-remote-user': 'reader', 'x-remote-group': expect.stringContaining('readers') });
});

test('a watch passes through as it comes', async () => {
  const Apples = resource('fruits.example.com', 'v1', 'apples', 'Apple');
  for await (const event of admin.watch(Apples, { namespace: 'default', resourceVersion: '1' } as never)) {
    expect(event.type).toBe('ADDED');
    break;
  }
});

test('a local APIService is available at once; one that is deleted leaves discovery and answers 404', async () => {
  const local = await admin.create(ApiServices, { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.apps' }, spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100 } } as never);
  expect(local).toMatchObject({ status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } });
  await admin.delete(ApiServices, { name: 'v1.fruits.example.com' });
  expect((await get(admin, path)).status).toBe(404);
  expect(((await get(admin, '/apis')).body['groups'] as { name: string }[]).some((g) => g.name === 'fruits.example.com')).toBe(false);
});
