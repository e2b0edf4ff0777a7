import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Agent } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { UserIdSource } from '../../api/router/identity.ts';
import type { RouterTemplate } from '../../api/application/application.ts';
import { trafficOf } from '../../controllers/routing/reconcile.ts';
import { bucketOf } from './bucket/bucket.ts';
import { type RouterHandle, send, type Service } from './router-fixture.ts';
import { base, kinds, router, serversByBackend, services } from './router-suite.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const encode = (part: object | string): string => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

function token(payload: object | string, key: KeyObject = rsa.privateKey, alg = key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256'): string {
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key).toString('base64url')}`;
}
const bearer = (...args: Parameters<typeof token>): string[] => ['Authorization', `Bearer ${token(...args)}`];
const soon = Math.floor(Date.now() / 1000) + 3_600;

interface Asked {
  readonly version: string | undefined;
  readonly headers: Service['seen'][number] | undefined;
}

/** A router with v1 in production, and how to ask it. */
async function asking(kind: (typeof kinds)[number], options: { router?: RouterTemplate; userId?: UserIdSource }, spec = base): Promise<{ r: RouterHandle; ask: (headers: string[]) => Promise<Asked> }> {
  const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
  const r = await router(kind, options);
  await r.tell(trafficOf(spec, serversByBackend(old, fresh)));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const ask = async (headers: string[]): Promise<Asked> => {
    const { version } = await send({ address: r.pod.address, headers, agent });
    return { version, headers: (version === 'v2' ? fresh : old)[0]?.seen.at(-1) };
  };
  return { r, ask };
}

/** Asks for a user of FREE at two shares: just below his bucket and just above. So he is known to be in exactly this bucket. */
async function isInBucket({ r, ask }: Awaited<ReturnType<typeof asking>>, headers: string[], bucket: number, there: Parameters<typeof trafficOf>[1]): Promise<void> {
  const at = (share: number) => trafficOf({ ...base, routes: base.routes.map((route) => (route.segment === 'FREE' ? { ...route, share } : route)) }, there);
  await r.tell(at(bucket));
  expect((await ask(['X-Traffic-Group', 'FREE', ...headers])).version, `${headers.join()} at ${bucket}`).toBe('v1');
  await r.tell(at(bucket + 1));
  expect((await ask(['X-Traffic-Group', 'FREE', ...headers])).version, `${headers.join()} at ${bucket + 1}`).toBe('v2');
}

interface Vector {
  readonly when: string;
  readonly userId: UserIdSource;
  readonly token?: RouterTemplate['token'];
  readonly headers: readonly string[];
  /** As latin1; absent: no user is found. */
  readonly user?: string;
}

const all: UserIdSource = { header: 'X-User-Id', cookie: 'uid', claim: 'sub', address: true };
const claimOnly: UserIdSource = { claim: 'sub' };
const verify = { algorithm: 'RS256', publicKey: pem(rsa.publicKey) } as const;
/** Shared by every kind of router: who a request is from. */
const vectors: Vector[] = [
  { when: 'a header comes before all else', userId: all, headers: ['X-User-Id', 'ann', 'Cookie', 'uid=bob', ...bearer({ sub: 'cid' })], user: 'ann' },
  { when: 'a repeated header is no id', userId: all, headers: ['X-User-Id', 'ann', 'X-User-Id', 'eve', 'Cookie', 'a=b; uid=bob'], user: 'bob' },
  { when: 'an empty header is no id', userId: all, headers: ['X-User-Id', '', ...bearer({ sub: 'cid' })], user: 'cid' },
  { when: 'a cookie comes before a claim', userId: all, headers: ['Cookie', 'xuid=no; uid=bob; z=1', ...bearer({ sub: 'cid' })], user: 'bob' },
  { when: 'the address of the connection is last', userId: all, headers: [], user: '127.0.0.1' },
  { when: 'the first forwarded address is the client', userId: all, headers: ['X-Forwarded-For', '203.0.113.9, 10.0.0.1', 'X-Forwarded-For', '10.0.0.2'], user: '203.0.113.9' },
  { when: 'a claim below another', userId: { claim: 'account.id' }, headers: bearer({ account: { id: 'dee' } }), user: 'dee' },
  { when: 'a large number', userId: claimOnly, headers: bearer({ sub: 1_234_567_890_123 }), user: '1234567890123' },
  { when: 'letters beyond ASCII, byte by byte', userId: claimOnly, headers: bearer({ sub: 'josé' }), user: Buffer.from('josé').toString('latin1') },
  { when: 'an escaped letter', userId: claimOnly, headers: bearer('{"sub":"jos\\u00e9"}'), user: 'jos\u00e9' },
  { when: 'a claim that is a list', userId: claimOnly, headers: bearer({ sub: ['ann'] }) },
  { when: 'a token that is none', userId: claimOnly, headers: ['Authorization', 'Bearer abc.def'] },
  { when: 'two tokens', userId: claimOnly, headers: [...bearer({ sub: 'ann' }), ...bearer({ sub: 'bob' })] },
  { when: 'another scheme', userId: claimOnly, headers: ['Authorization', `Basic ${token({ sub: 'ann' })}`] },
  { when: 'a token in a header of its own', userId: claimOnly, token: { header: 'X-Token' }, headers: ['X-Token', token({ sub: 'ann' })], user: 'ann' },
  { when: 'a token in a cookie', userId: claimOnly, token: { cookie: 'session' }, headers: ['Cookie', `a=1; session=${token({ sub: 'ann' })}`], user: 'ann' },
  { when: 'a genuine token', userId: claimOnly, token: { verify }, headers: bearer({ sub: 'ann', exp: soon }), user: 'ann' },
  { when: 'a genuine token without end', userId: claimOnly, token: { verify }, headers: bearer({ sub: 'ann' }), user: 'ann' },
  { when: 'a genuine token on an elliptic curve', userId: claimOnly, token: { verify: { algorithm: 'ES256', publicKey: pem(ec.publicKey) } }, headers: bearer({ sub: 'ann' }, ec.privateKey), user: 'ann' },
  { when: 'an expired token', userId: claimOnly, token: { verify }, headers: bearer({ sub: 'ann', exp: soon - 7_200 }) },
  { when: 'a token with a foreign signature', userId: claimOnly, token: { verify }, headers: bearer({ sub: 'ann' }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) },
  { when: 'a token that names no algorithm', userId: claimOnly, token: { verify }, headers: ['Authorization', `Bearer ${encode({ alg: 'none' })}.${encode({ sub: 'ann' })}.`] },
];

describe.each(kinds)('%s', (kind) => {
  test.for(vectors)('$when', async ({ userId, token: from, headers, user }) => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const there = serversByBackend(old, fresh);
    const r = await router(kind, { userId, ...(from && { router: { token: from } }) });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const ask = async (sent: string[]): Promise<Asked> => ({ version: (await send({ address: r.pod.address, headers: sent, agent })).version, headers: undefined });
    if (user !== undefined) return isInBucket({ r, ask }, [...headers], bucketOf('shop/FREE', user), there);
    // Without a user each request is placed anew: at a half, 40 requests meet both versions.
    await r.tell(trafficOf({ ...base, routes: base.routes.map((route) => ({ ...route, share: 5_000 })) }, there));
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(['X-Traffic-Group', 'FREE', ...headers])));
    expect(new Set(answers.map((a) => a.version))).toEqual(new Set(['v1', 'v2']));
  });

  test('listed users are always in or always out of their segment, whatever the share, and leave the list at once', async () => {
    const users = Array.from({ length: 200 }, (_, i) => `user-${i}`);
    const bucket = (u: string) => bucketOf('shop/FREE', Buffer.from(u).toString('latin1'));
    const far = users.filter((u) => bucket(u) >= 5_000).slice(0, 3);
    const near = users.filter((u) => bucket(u) < 5_000).slice(0, 3);
    const include = [...far, 'josé müller;x', 'both'];
    const exclude = [...near, 'both'];
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const there = serversByBackend(old, fresh);
    const r = await router(kind);
    const tell = (lists: object) => r.tell(trafficOf({ ...base, routes: base.routes.map((route) => (route.segment === 'FREE' ? { ...route, share: 5_000, ...lists } : route)) }, there));
    const ask = async (user: string, group = 'FREE') => (await send({ address: r.pod.address, headers: ['X-Traffic-Group', group, 'X-User-Id', Buffer.from(user).toString('latin1')] })).version;
    await tell({ include, exclude });
    expect(await Promise.all(far.map((u) => ask(u)))).toEqual(far.map(() => 'v2'));
    expect(await ask('josé müller;x')).toBe('v2');
    expect(await Promise.all(near.map((u) => ask(u)))).toEqual(near.map(() => 'v1'));
    expect(await ask('both')).toBe('v1');
    expect(await ask(far[0]!, 'PAID')).toBe('v1');
    expect((await tell({ include, exclude })).changed).toBe(false);
    await tell({ include: [far[0]] });
    expect([await ask(far[0]!), await ask(far[1]!), await ask(near[0]!)]).toEqual(['v2', 'v1', 'v2']);
    await tell({});
    expect(await ask(far[0]!)).toBe('v1');
  });

  test('the edge alone chooses the group, by what it knows, and tells the service', async () => {
    const { r, ask } = await asking(kind, {
      userId: { header: 'X-User-Id' },
      router: {
        edge: true,
        token: { verify },
        segments: [
          { segment: 'INTERNAL', users: ['qa-1', 'qa-2'] },
          { segment: 'INTERNAL', claim: 'role', values: ['tester'] },
          { segment: 'FREE', claim: 'plan', values: ['free', 'trial'] },
          { segment: 'ENTERPRISE', header: 'X-Contract', values: ['gold'] },
          { segment: 'FREE', cookie: 'plan', values: ['free'] },
        ],
      },
    }, { ...base, routes: base.routes.map((route) => ({ ...route, share: 10_000 })) });
    const group = async (headers: string[]) => {
      const { version, headers: seen } = await ask(headers);
      return [seen?.['x-traffic-group'], version];
    };
    expect(await group([])).toEqual(['PAID', 'v1']);
    expect(await group(['X-Traffic-Group', 'INTERNAL'])).toEqual(['PAID', 'v1']);
    expect(await group(['X-Traffic-Group', 'INTERNAL', 'X-Traffic-Group', 'FREE'])).toEqual(['PAID', 'v1']);
    expect(await group(['X-User-Id', 'qa-2'])).toEqual(['INTERNAL', 'v2']);
    expect(await group(bearer({ role: 'tester', plan: 'free' }))).toEqual(['INTERNAL', 'v2']);
    expect(await group(bearer({ plan: 'trial' }))).toEqual(['FREE', 'v2']);
    expect(await group(bearer({ plan: 'trialling' }))).toEqual(['PAID', 'v1']);
    expect(await group(bearer({ role: 'tester' }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey))).toEqual(['PAID', 'v1']);
    expect(await group(['X-Contract', 'gold'])).toEqual(['ENTERPRISE', 'v1']);
    expect(await group(['X-Contract', 'gold', 'X-Contract', 'gold'])).toEqual(['PAID', 'v1']);
    expect(await group(['Cookie', 'plan=free'])).toEqual(['FREE', 'v2']);
    const { groups } = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000));
    expect(groups).toMatchObject({ 'removed-group': 2, INTERNAL: 2, FREE: 2, ENTERPRISE: 1 });
  });

  test('the edge knows a segment by the network of the client', async () => {
    const inside = await asking(kind, { router: { edge: true, segments: [{ segment: 'INTERNAL', networks: ['127.0.0.0/8'] }] } });
    expect((await inside.ask(['X-Forwarded-For', '203.0.113.1'])).version).toBe('v2');
    const outside = await asking(kind, { router: { edge: true, segments: [{ segment: 'INTERNAL', networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'] }] } });
    expect((await outside.ask(['X-Forwarded-For', '10.0.0.1'])).version).toBe('v1');
  });

  test('values of the group header that nobody knows are counted', async () => {
    const { r, ask } = await asking(kind, {});
    await ask(['X-Traffic-Group', 'WHO']);
    await ask(['X-Traffic-Group', 'INTERNAL,FREE']);
    await ask(['X-Traffic-Group', 'FREE', 'X-Traffic-Group', 'FREE']);
    expect((await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000))).groups).toMatchObject({ 'unknown-group': 2, 'repeated-group': 1 });
  });
});
