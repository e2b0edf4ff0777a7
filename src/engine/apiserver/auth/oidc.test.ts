import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resource } from '../../../client/resource.ts';
import { systemClock } from '../../../runtime/system-clock.ts';
import { CertificateAuthority } from '../certificates/authority.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';
import { parseAuthenticationConfig } from './authentication-config.ts';

const stops: (() => Promise<unknown> | void)[] = [];
let issuer: string, api: ServerFixture, signKey: CryptoKey, otherKey: CryptoKey;
const published: JWK[] = [];

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-oidc-'));
  stops.push(() => rmSync(dir, { recursive: true }));
  const authority = await CertificateAuthority.open(join(dir, 'issuer'), systemClock);
  const { certPem, keyPem } = await authority.serving('issuer', ['127.0.0.1']);
  const provider = createServer({ cert: certPem, key: keyPem }, (req, res) => {
    const answer = req.url === '/.well-known/openid-configuration' ? { issuer, jwks_uri: `${issuer}/keys` } : req.url === '/keys' ? { keys: published } : undefined;
    res.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => { provider.close(resolve); provider.closeAllConnections(); }));
  issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const pair = await generateKeyPair('RS256');
  signKey = pair.privateKey;
  otherKey = (await generateKeyPair('RS256')).privateKey;
  published.push({ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256' });
  const indented = authority.caPem.trim().split('\n').map((line) => `      ${line}`).join('\n');
  const authentication = parseAuthenticationConfig(`
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions: [{path: /apis}, {path: /api/v1/namespaces}]
jwt:
- issuer:
    url: ${issuer}
    audiences: [aweigh]
    certificateAuthority: |
${indented}
  claimMappings:
    username: {claim: email, prefix: 'oidc:'}
    groups: {claim: roles, prefix: 'oidc:'}
  claimValidationRules:
  - {claim: tenant, requiredValue: ours}
  - {expression: 'claims.exp - claims.iat <= 86400', message: tokens live a day at most}
  userValidationRules:
  - {expression: "!user.username.startsWith('oidc:system:')"}
`);
  api = await startServerFixture({ authentication });
  stops.push(() => api.stop());
  await api.client.create(resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false), {
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'viewers' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'oidc:viewers' }],
  } as never);
});

afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

const ask = (path: string, token?: string, method = 'GET'): Promise<{ code: number; body: string }> => new Promise((resolve, reject) => {
  request(api.server.url + path, { method, ca: api.server.caPem, headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' } }, (res) => {
    let body = '';
    res.setEncoding('utf8').on('data', (text: string) => (body += text)).on('end', () => resolve({ code: res.statusCode ?? 0, body }));
  }).on('error', reject).end(method === 'POST' ? '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' : undefined);
});

interface Wish { readonly claims?: object; readonly audience?: string; readonly seconds?: number; readonly key?: CryptoKey; readonly kid?: string; readonly iss?: string }
const signed = ({ claims = {}, audience = 'aweigh', seconds = 600, key = signKey, kid = 'one', iss = issuer }: Wish = {}): Promise<string> => {
  const now = Math.floor(systemClock.now() / 1000);
  return new SignJWT({ email: 'ann@example.com', email_verified: true, roles: ['viewers'], tenant: 'ours', ...claims }).setProtectedHeader({ alg: 'RS256', kid }).setIssuer(iss).setAudience(audience).setIssuedAt(now).setExpirationTime(now + seconds).sign(key);
};

test('the claims of an ID token name the user and the groups, and roles bound to these hold', async () => {
  const token = await signed();
  const { code, body } = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', token, 'POST');
  expect([code, JSON.parse(body).status.userInfo]).toEqual([201, { username: 'oidc:ann@example.com', groups: ['oidc:viewers', 'system:authenticated'] }]);
  expect((await ask('/api/v1/namespaces/default/pods', token)).code).toBe(200);
  expect((await ask('/api/v1/namespaces/default/secrets', token)).code).toBe(403);
  const powerless = await signed({ claims: { email: 'bob@example.com', roles: [] } });
  expect((await ask('/api/v1/namespaces/default/pods', powerless)).code).toBe(403);
});

test.for<{ when: string; wish: () => Wish }>([
  { when: 'another key signed it', wish: () => ({ key: otherKey }) },
  { when: 'it names a key that the issuer does not have', wish: () => ({ key: otherKey, kid: 'two' }) },
  { when: 'it is for another audience', wish: () => ({ audience: 'others' }) },
  { when: 'its time is over', wish: () => ({ seconds: -60 }) },
  { when: 'it comes from another issuer', wish: () => ({ iss: 'https://elsewhere.example.com' }) },
  { when: 'a claim is not what it must be', wish: () => ({ claims: { tenant: 'theirs' } }) },
  { when: 'a rule over its claims fails', wish: () => ({ seconds: 2 * 86_400 }) },
  { when: 'a rule over the user fails', wish: () => ({ claims: { email: 'system:admin' } }) },
  { when: 'the email is not verified', wish: () => ({ claims: { email_verified: false } }) },
  { when: 'there is no user in it', wish: () => ({ claims: { email: 7 } }) },
])('a token is refused when $when', async ({ wish }) => {
  expect((await ask('/api/v1/namespaces/default/pods', await signed(wish()))).code).toBe(401);
});

test('without credentials only the paths of the configuration may be asked for, and roles decide', async () => {
  expect((await ask('/api/v1/namespaces/default/pods')).code).toBe(401);
  expect((await ask('/api/v1/namespaces')).code).toBe(403);
  expect((await ask('/healthz')).code).toBe(200);
  expect((await ask('/api/v1/namespaces', 'nonsense')).code).toBe(401);
});

test.for<[text: string, message: string]>([
  ['kind: Policy', 'is of apiVersion apiserver.config.k8s.io/v1 and kind AuthenticationConfiguration'],
  ['jwt: [{issuer: {url: "http://a", audiences: [a]}, claimMappings: {username: {claim: sub, prefix: ""}}}]', 'jwt[0].issuer.url is "http://a": it must be an https URL'],
  ['jwt: [{issuer: {url: "https://a"}, claimMappings: {username: {claim: sub, prefix: ""}}}]', 'jwt[0].issuer.audiences names at least one audience'],
  ['jwt: [{issuer: {url: "https://a", audiences: [a]}, claimMappings: {username: {claim: sub}}}]', 'jwt[0].claimMappings.username.prefix is missing'],
  ['jwt: [{issuer: {url: "https://a", audiences: [a], certificateAuthority: x}, claimMappings: {username: {claim: sub, prefix: ""}}}]', 'no certificate in PEM'],
  ['anonymous: {enabled: true, conditions: [{path: healthz}]}', 'a path begins with /'],
  ['webhook: {}', 'webhook is not known'],
])('a configuration with %s is refused', ([text, message]) => {
  const head = text.startsWith('kind') ? '' : 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
  expect(() => parseAuthenticationConfig(head + text)).toThrow(message);
});
