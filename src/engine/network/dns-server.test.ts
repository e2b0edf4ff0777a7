import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DnsAnswers } from './dns-answers.ts';
import { startDnsServer, type DnsServer } from './dns-server.ts';

const slice = (service: string, endpoints: object[]) => ({ metadata: { namespace: 'shop', name: `${service}-x`, labels: { 'kubernetes.io/service-name': service } }, addressType: 'IPv4' as const, ports: [{ name: 'http', port: 8080, protocol: 'TCP' as const }], endpoints: endpoints as never });
const answers = new DnsAnswers(
  {
    services: [
      { metadata: { namespace: 'shop', name: 'web' }, spec: { clusterIP: '127.96.0.7', ports: [{ name: 'http', port: 80 }] } },
      { metadata: { namespace: 'shop', name: 'db' }, spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] } },
      { metadata: { namespace: 'shop', name: 'out' }, spec: { type: 'ExternalName', externalName: 'example.org' } },
    ],
    slices: [slice('db', [{ addresses: ['127.64.0.1'], hostname: 'db-0', conditions: { ready: true } }, { addresses: ['127.64.0.2'], hostname: 'db-1', conditions: { ready: false } }])],
  },
  'cluster.local',
);
let server: DnsServer;
const resolver = new Resolver({ timeout: 500, tries: 1 });
beforeAll(async () => {
  server = await startDnsServer('127.0.0.1', 0, () => answers);
  resolver.setServers([`127.0.0.1:${server.port}`]);
});
afterAll(() => server.close());

test('a Service name gives its ClusterIP, a headless one its ready pods', async () => {
  expect(await resolver.resolve4('web.shop.svc.cluster.local')).toEqual(['127.96.0.7']);
  expect(await resolver.resolve4('WEB.shop.svc.cluster.local')).toEqual(['127.96.0.7']);
  expect(await resolver.resolve4('db.shop.svc.cluster.local')).toEqual(['127.64.0.1']);
  expect(await resolver.resolve4('db-0.db.shop.svc.cluster.local')).toEqual(['127.64.0.1']);
});

test('SRV names port and host', async () => {
  expect(await resolver.resolveSrv('_http._tcp.web.shop.svc.cluster.local')).toMatchObject([{ name: 'web.shop.svc.cluster.local', port: 80 }]);
  expect(await resolver.resolveSrv('_http._tcp.db.shop.svc.cluster.local')).toMatchObject([{ name: 'db-0.db.shop.svc.cluster.local', port: 8080 }]);
});

test.for([
  ['no.shop.svc.cluster.local', 'resolve4', 'ENOTFOUND'],
  ['db-9.db.shop.svc.cluster.local', 'resolve4', 'ENOTFOUND'],
  ['web.shop.svc.cluster.local', 'resolve6', 'ENODATA'],
  ['shop.svc.cluster.local', 'resolve4', 'ENODATA'],
  ['example.org', 'resolve4', 'EREFUSED'],
] as const)('%s %s fails with %s', async ([name, method, code]) => {
  await expect(resolver[method](name)).rejects.toMatchObject({ code });
});
