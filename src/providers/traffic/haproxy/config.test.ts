import { generateKeyPairSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../runtime/system-clock.ts';
import { controlAuthority } from '../control-certificates.ts';
import { application, hasHaproxy } from '../router-fixture.ts';
import { CONFIG_DIR, type RouterLayout, routerLayout, RUN_DIR, TLS_DIR } from '../router-layout.ts';
import { routerRenderers } from '../router-pods.ts';
import { haproxyConfig, initialRoutingMap } from './config.ts';
import { TOKEN_KEY_FILE } from './identity.ts';

const router = { application: 'shop', provider: 'haproxy' as const, port: 8080, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID', backends: [], routes: [], production: { seed: 's' } };
const layout: RouterLayout = routerLayout(application, router);

const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
const atTheEdge: RouterLayout = {
  ...layout, edge: true, userId: { header: 'X-User-Id', cookie: 'uid', claim: 'account.id', address: true }, token: { verify: { algorithm: 'ES256', publicKey } },
  segmentRules: [
    { segment: 'INTERNAL', networks: ['10.0.0.0/8', '2001:db8::/32'] }, { segment: 'INTERNAL', users: ['qa@example.com'] }, { segment: 'FREE', claim: 'plan', values: ['free', 'trial'] },
    { segment: 'ENTERPRISE', header: 'X-Contract', values: ['gold'] }, { segment: 'PAID', cookie: 'plan', values: ['paid'] },
  ],
};

test('haproxy.cfg is as people know it', async () => {
  await expect(haproxyConfig(layout)).toMatchFileSnapshot('golden/haproxy.cfg');
  await expect(haproxyConfig(atTheEdge)).toMatchFileSnapshot('golden/edge.haproxy.cfg');
  await expect(initialRoutingMap(layout)).toMatchFileSnapshot('golden/routing.map');
});

test('the config is the same whatever versions there are, so that no release restarts a router, and another config replaces them', () => {
  const { configMapData, podTemplate } = routerRenderers().haproxy;
  const later = { ...router, backends: [{ name: 'free-v9', track: 'free', version: 'v9', service: 's', floor: 2 }], routes: [{ segment: 'FREE', backend: 'free-v9', share: 500, strict: false, seed: 'x' }], production: { backend: 'production-v8', seed: 's' } };
  expect(configMapData(application, later)).toEqual(configMapData(application, router));
  expect(podTemplate(application, later)).toEqual(podTemplate(application, router));
  expect(podTemplate(application, { ...router, userId: { cookie: 'uid' } })).not.toEqual(podTemplate(application, router));
});

test.runIf(hasHaproxy() || process.env['CI'] !== undefined).for([
  ['as it is', layout],
  ['at the edge, with a cookie', { ...layout, edge: true, userId: { cookie: 'uid' } }],
  ['at the edge, with all that it can know', atTheEdge],
  ['for HTTP/2 servers', { ...layout, http2: true, drainSeconds: 600 }],
  ['with a sampled access log', { ...layout, accessLog: { percent: 5, userIds: true } }],
  ['without access log', { ...layout, accessLog: { percent: 0, userIds: false } }],
  ['with lines of a person', { ...layout, extra: { global: 'maxconn 500', defaults: 'timeout server 5m', frontend: 'http-request set-header X-Mine 1', backend: 'balance leastconn' } }],
] as const)('haproxy accepts the config %s', async ([, given]) => {
  const root = mkdtempSync(join(tmpdir(), 'haproxy-'));
  for (const folder of [CONFIG_DIR, TLS_DIR, RUN_DIR]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, CONFIG_DIR, 'haproxy.cfg'), haproxyConfig(given));
  writeFileSync(join(root, CONFIG_DIR, 'routing.map'), initialRoutingMap(given));
  writeFileSync(join(root, CONFIG_DIR, TOKEN_KEY_FILE), publicKey);
  for (const [name, content] of Object.entries((await controlAuthority(systemClock).issue('shop')).pod)) writeFileSync(join(root, TLS_DIR, name), content);
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', `${CONFIG_DIR}/haproxy.cfg`], { cwd: root, env: { ...process.env, POD_IP: '127.0.0.1' }, encoding: 'utf8' });
  rmSync(root, { recursive: true });
  expect(stderr).not.toContain('WARNING');
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});

test.for(['A B', 'A;B', "A'B", 'A{B}'])('a group named %s is refused with a clear message', (segment) => {
  expect(() => haproxyConfig({ ...layout, segments: [segment] })).toThrow('groups are made of letters');
});
