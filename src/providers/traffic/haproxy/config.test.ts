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
import { AWAIT_TOLD_FILE, AWAIT_TOLD_LUA } from './await-told.ts';
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
  writeFileSync(join(root, CONFIG_DIR, AWAIT_TOLD_FILE), AWAIT_TOLD_LUA);
  for (const [name, content] of Object.entries((await controlAuthority(systemClock).issue('shop')).pod)) writeFileSync(join(root, TLS_DIR, name), content);
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', `${CONFIG_DIR}/haproxy.cfg`], { cwd: root, env: { ...process.env, POD_IP: '127.0.0.1' }, encoding: 'utf8' });
  rmSync(root, { recursive: true });
  expect(stderr).not.toContain('WARNING');
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});

const checking = { path: process.env['PATH'] ?? '', tls: async () => (await controlAuthority(systemClock).issue('shop')).pod };
const withLines = (haproxy: RouterLayout['extra']) => ({ ...application, spec: { ...application.spec, router: { haproxy } } });

test.runIf(hasHaproxy() || process.env['CI'] !== undefined).for([
  { when: 'an unknown word', lines: { global: 'maxconn 500\nfoo bar' }, says: /^spec\.router\.haproxy\.global, line 2 'foo bar': unknown keyword 'foo' in 'global' section/ },
  { when: 'a wrong value', lines: { defaults: 'timeout server soon' }, says: /^spec\.router\.haproxy\.defaults, line 1 'timeout server soon'/ },
  { when: 'a rule that cannot be', lines: { frontend: 'http-request set-header X-A 1\n\nhttp-request blow-up' }, says: /^spec\.router\.haproxy\.frontend, line 2 'http-request blow-up'/ },
  { when: 'a balance that is none', lines: { backend: 'balance by-mood' }, says: /^spec\.router\.haproxy\.backend, line 1 'balance by-mood'/ },
  { when: 'another section', lines: { frontend: 'backend mine' }, says: /line 1 'backend mine': a line of your own cannot begin another section/ },
  { when: 'a block that swallows what follows', lines: { global: '.if false' }, says: /conditional blocks/ },
  { when: 'a line that goes on', lines: { global: 'maxconn 500 \\' }, says: /cannot go on beyond/ },
  { when: 'another mode', lines: { defaults: 'mode tcp' }, says: /needs 'mode http'/ },
  { when: 'servers of their own', lines: { backend: 'server x 10.0.0.1:80' }, says: /servers come from the endpoints/ },
  { when: 'good lines', lines: { global: 'maxconn 500', defaults: 'timeout server 5m', frontend: 'http-request set-header X-Mine 1', backend: 'balance leastconn' }, says: undefined },
])('lines of a person are checked before use: $when', async ({ lines, says }) => {
  const { ownLines } = routerRenderers(undefined, checking).haproxy;
  const fault = await ownLines?.fault(withLines(lines), router, AbortSignal.timeout(20_000));
  if (says === undefined) expect(fault).toBeUndefined();
  else expect(fault).toMatch(says);
});

test('lines of a person are read back from the config that holds them', () => {
  const { ownLines, configMapData } = routerRenderers().haproxy;
  const lines = { global: 'maxconn 500\nnbthread 2', backend: 'balance leastconn' };
  expect(ownLines?.read(configMapData(withLines(lines), router))).toEqual(lines);
  expect(ownLines?.read(configMapData(application, router))).toEqual({});
});

test.for(['A B', 'A;B', "A'B", 'A{B}'])('a group named %s is refused with a clear message', (segment) => {
  expect(() => haproxyConfig({ ...layout, segments: [segment] })).toThrow('groups are made of letters');
});
