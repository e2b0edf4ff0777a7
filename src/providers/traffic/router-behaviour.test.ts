import { Agent } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trafficOf } from '../../controllers/routing/reconcile.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import { bucketOf } from './bucket/bucket.ts';
import { send, startRouter } from './router-fixture.ts';
import { base, kinds, router, servers, serversByBackend, services } from './router-suite.ts';
import { routingRules } from './routing-rules.ts';

const withShare = (share: number): RouterSpec => ({ ...base, routes: base.routes.map((r) => (r.segment === 'FREE' ? { ...r, share } : r)) });
const users = Array.from({ length: 2_000 }, (_, i) => `user-${i}`);

describe.each(kinds)('%s', (kind) => {
  routingRules(async () => {
    const r = await router(kind);
    return { address: r.pod.address, route: async (spec, there) => void (await r.tell(trafficOf(spec, there))) };
  });

  test('a group that is said twice reaches production, and shares are exact and grow as supersets', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const r = await router(kind);
    const there = new Map([['internal-v2', servers(fresh)], ['free-v2', servers(fresh)], ['production-v1', servers(old)]]);
    expect(await r.ready()).toBe(503);
    await r.tell(trafficOf(base, there));
    expect(await r.ready()).toBe(200);
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    onTestFinished(() => agent.destroy());
    const ask = async (headers: string[]) => (await send({ address: r.pod.address, headers, agent })).version;
    expect(await ask(['X-Traffic-Group', 'INTERNAL', 'X-Traffic-Group', 'INTERNAL'])).toBe('v1');
    const cohort = async () => (await Promise.all(users.map(async (u) => ((await ask(['X-Traffic-Group', 'FREE', 'X-User-Id', u])) === 'v2' ? u : '')))).filter(Boolean);
    const want = (share: number) => users.filter((u) => bucketOf('shop/FREE', u) < share);
    const five = await cohort();
    expect(five).toEqual(want(500));
    expect(await cohort()).toEqual(five);
    await r.tell(trafficOf(withShare(1_000), there));
    const ten = await cohort();
    expect(ten).toEqual(want(1_000));
    expect(ten).toEqual(expect.arrayContaining(five));
    expect(await ask(['X-Traffic-Group', 'FREE', 'Cookie', `a=b; uid=${five[0]}`])).toBe('v2');
    const { backends: stats } = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(2_000));
    expect(stats.find((s) => s.backend === 'free-v2')?.total).toBeGreaterThanOrEqual(2 * five.length + ten.length);
  });

  test('while production goes on to a version in steps, listed users are the first or the last, and no others move', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 2)];
    const r = await router(kind);
    const spec = (share: number, lists: object = { include: ['ada', 'both'], exclude: ['eve', 'both'] }): RouterSpec => ({
      ...withShare(0), backends: [...base.backends, { name: 'production-v2', track: 'production', version: 'v2', service: 'd', floor: 2 }],
      production: { ...base.production, next: { backend: 'production-v2', share }, ...lists },
    });
    const there = (count: number) => new Map([['production-v1', servers(old)], ['production-v2', servers(fresh.slice(0, count))]]);
    const ask = async (user: string | undefined, group = 'ENTERPRISE') => (await send({ address: r.pod.address, headers: ['X-Traffic-Group', group, ...(user === undefined ? [] : ['X-User-Id', user])] })).version;
    const first = users.find((u) => bucketOf('shop/PRODUCTION', u) < 500) ?? '', last = users.find((u) => bucketOf('shop/PRODUCTION', u) >= 5_000) ?? '';
    const all = async () => Promise.all(['ada', 'both', 'eve', first, last].map((u) => ask(u)));
    await r.tell(trafficOf(spec(500), there(2)));
    expect(await all()).toEqual(['v2', 'v1', 'v1', 'v2', 'v1']);
    expect([await ask('ada', 'FREE'), await ask('eve', 'FREE')], 'whatever their group: production serves them').toEqual(['v2', 'v1']);
    await r.tell(trafficOf(spec(10_000), there(2)));
    expect(await all()).toEqual(['v2', 'v1', 'v1', 'v2', 'v2']);
    expect(await ask(undefined), 'no user is on no list').toBe('v2');
    await r.tell(trafficOf(spec(0), there(2)));
    expect(await all(), 'before the first step, and when it was taken back').toEqual(['v1', 'v1', 'v1', 'v1', 'v1']);
    await r.tell(trafficOf(spec(500), there(1)));
    expect(await all(), 'below its floor').toEqual(['v1', 'v1', 'v1', 'v1', 'v1']);
    await r.tell(trafficOf(spec(500, {}), there(2)));
    expect(await all(), 'no lists any more').toEqual([expect.any(String), expect.any(String), expect.any(String), 'v2', 'v1']);
  });

  test('below its floor a strict group is refused with a reason, and the router sees by itself that it is', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 2)];
    const r = await router(kind);
    const spec: RouterSpec = { ...withShare(10_000), backends: base.backends.map((b) => ({ ...b, floor: b.track === 'production' ? 1 : 2 })) };
    const ask = (group: string) => send({ address: r.pod.address, headers: ['X-Traffic-Group', group, 'X-User-Id', 'u'] });
    const full = new Map([['internal-v2', servers(fresh)], ['free-v2', servers(fresh)], ['production-v1', servers(old)]]);
    await r.tell(trafficOf(spec, full));
    expect([(await ask('INTERNAL')).version, (await ask('FREE')).version]).toEqual(['v2', 'v2']);
    await r.tell(trafficOf(spec, new Map([...full, ['internal-v2', servers(fresh.slice(0, 1))]])));
    expect(await ask('INTERNAL')).toMatchObject({ status: 503, reason: 'BelowFloor' });
    await r.tell(trafficOf(spec, full));
    // Nobody tells the router: it sees by itself.
    fresh[0]?.server.closeAllConnections();
    await fresh[0]?.stop();
    await expect.poll(async () => (await ask('INTERNAL')).reason, { timeout: 8_000 }).toBe('BelowFloor');
    // Each version's servers are checked for themselves, at moments of their own.
    await expect.poll(async () => (await ask('FREE')).version, { timeout: 8_000 }).toBe('v1');
  });

  test('a switch says how long it took, and telling the same again is none', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const r = await router(kind);
    const there = new Map([['free-v2', servers(fresh)], ['production-v1', servers(old)]]);
    const spec = (backend: string): RouterSpec => ({ ...base, backends: [base.backends[1]!, base.backends[2]!, { name: 'production-v2', track: 'production', version: 'v2', service: 'd', floor: 1 }], routes: [], production: { backend, seed: 'shop/PRODUCTION' } });
    there.set('production-v2', servers(fresh));
    await r.tell(trafficOf(spec('production-v1'), there));
    const told = await r.tell(trafficOf(spec('production-v2'), there));
    expect(told.lastSwitchAt).toBeLessThanOrEqual(told.observedAt);
    expect(told.observedAt - (told.lastSwitchAt ?? 0)).toBeLessThan(250);
    // Told the same again: nothing to do, and no new switch.
    expect(await r.tell(trafficOf(spec('production-v2'), there))).toMatchObject({ changed: false, lastSwitchAt: told.lastSwitchAt });
  });

  test('latency and errors are counted by version, and latency is that of the answer, not of its body', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    await r.tell(trafficOf(base, serversByBackend(old, fresh)));
    const ask = (group: string, path: string) => send({ address: r.pod.address, path, headers: ['X-Traffic-Group', group] });
    await Promise.all([...Array.from({ length: 20 }, () => ask('INTERNAL', '/?ms=150')), ...Array.from({ length: 30 }, () => ask('ENTERPRISE', '/')), ask('ENTERPRISE', '/?status=500')]);
    const stats = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000));
    const of = (backend: string) => stats.backends.find((b) => b.backend === backend);
    const count = (cells: Readonly<Record<number, number>> = {}, from: number, to = Infinity) => Object.entries(cells).reduce((sum, [bound, n]) => sum + (Number(bound) > from && Number(bound) <= to ? n : 0), 0);
    expect(of('internal-v2')).toMatchObject({ total: 20, errors: 0 });
    expect(count(of('internal-v2')?.latency, 150_000)).toBe(20);
    expect(of('production-v1')).toMatchObject({ total: 31, errors: 1 });
    expect(count(of('production-v1')?.latency, 0)).toBe(31);
  });

  test('the access log says who went where, by bucket, with no id, token or query in it', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    await r.tell(trafficOf(withShare(10_000), serversByBackend(old, fresh)));
    await send({ address: r.pod.address, path: '/a]"b?token=secret&ms=30', headers: ['X-Traffic-Group', 'FREE', 'X-User-Id', 'ann@example.com', 'Authorization', 'Bearer secret', 'Cookie', 'uid=ann@example.com'] });
    await send({ address: r.pod.address, path: '/', headers: ['X-Traffic-Group', 'WHO'] });
    await expect.poll(() => r.log().length, { timeout: 5_000 }).toBe(2);
    const [first, second] = r.log();
    expect(first).toMatchObject({ method: 'GET', path: '/a]"b', status: 200, segment: 'FREE', bucket: bucketOf('shop/FREE', 'ann@example.com'), track: 'free', version: 'v2', backend: 'free-v2', server: `${fresh[0]?.address}:8080`, retries: 0, end: '--' });
    expect(Number(first?.['ms'])).toBeGreaterThanOrEqual(25);
    expect(Date.parse(String(first?.['at']))).toBeGreaterThan(Date.now() - 60_000);
    expect(second).toMatchObject({ segment: 'unknown-group', track: 'production', version: 'v1' });
    expect(JSON.stringify(r.log())).not.toMatch(/secret|ann@|"user"/);
  });

  test('the access log can be off, sampled, and with user ids', async () => {
    const old = await services('v1', 1);
    const traffic = trafficOf({ ...base, backends: [base.backends[2]!], routes: [] }, new Map([['production-v1', servers(old)]]));
    const logOf = async (accessLog: object) => {
      const r = await router(kind, { router: { accessLog } });
      await r.tell(traffic);
      await Promise.all(Array.from({ length: 200 }, () => send({ address: r.pod.address, headers: ['X-User-Id', 'josé "x"'].map((h) => Buffer.from(h).toString('latin1')) })));
      await send({ address: r.pod.address, path: '/?status=500' });
      await r.stop();
      return r.log();
    };
    expect(await logOf({ percent: 0 })).toEqual([]);
    const sampled = await logOf({ percent: 20 });
    expect(sampled.length).toBeGreaterThan(5);
    expect(sampled.length).toBeLessThan(120);
    expect(sampled.at(-1)).toMatchObject({ status: 500 });
    expect((await logOf({ userIds: true }))[0]).toMatchObject({ user: 'josé "x"' });
  });

  test('a router that is killed and starts again lets requests wait until it was told again, and does as it was told before', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    const traffic = trafficOf({ ...withShare(500), routes: withShare(500).routes.map((route) => ({ ...route, include: ['ann'] })) }, serversByBackend(old, fresh));
    await r.tell(traffic);
    const inside = users.find((u) => bucketOf('shop/FREE', u) < 500) ?? '';
    const ask = async (user: string) => (await send({ address: r.pod.address, headers: ['X-Traffic-Group', 'FREE', 'X-User-Id', user] })).version;
    const before = await Promise.all([inside, 'ann', 'user-0'].map(ask));
    await r.restart();
    const asked = ask(inside);
    expect((await r.tell(traffic)).changed).toBe(true);
    expect(await asked).toBe('v2');
    expect(await Promise.all([inside, 'ann', 'user-0'].map(ask))).toEqual(before);
    expect(before).toEqual(['v2', 'v2', 'v1']);
  });

  test('a router that restarted is not ready until it was told again', async () => {
    const old = await services('v1', 1);
    const r = await router(kind);
    const traffic = trafficOf({ ...base, backends: [base.backends[2]!], routes: [] }, new Map([['production-v1', servers(old)]]));
    await r.tell(traffic);
    await r.restart();
    expect(await r.ready()).toBe(503);
    expect((await send({ address: r.pod.address })).reason).toBe('NoProduction');
    expect((await r.tell(traffic)).changed).toBe(true);
    expect(await r.ready()).toBe(200);
    expect((await send({ address: r.pod.address })).version).toBe('v1');
  });

  test('at the edge a client does not choose its own group', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind, { router: { edge: true } });
    await r.tell(trafficOf(base, new Map([['internal-v2', servers(fresh)], ['free-v2', servers(fresh)], ['production-v1', servers(old)]])));
    expect((await send({ address: r.pod.address, headers: ['X-Traffic-Group', 'INTERNAL'] })).version).toBe('v1');
    expect(old[0]?.seen.at(-1)?.['x-traffic-group']).toBe('PAID');
    expect(old[0]?.seen.at(-1)?.['x-forwarded-for']).toMatch(/^127\./);
  });

  test('stopping fails no request: what runs finishes, connections end after their next answer', async () => {
    const old = await services('v1', 2);
    const r = await router(kind);
    await r.tell(trafficOf({ ...base, backends: [base.backends[2]!], routes: [] }, new Map([['production-v1', servers(old)]])));
    const agents = Array.from({ length: 16 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    onTestFinished(() => { for (const a of agents) a.destroy(); });
    await Promise.all(agents.map((agent) => send({ address: r.pod.address, agent })));
    const slow = agents.slice(0, 5).map((agent) => send({ address: r.pod.address, path: '/?ms=300', agent }));
    await expect.poll(() => old.reduce((n, s) => n + s.requests, 0)).toBe(21);
    const stopped = r.stop();
    const rest = agents.slice(5).map((agent) => send({ address: r.pod.address, agent }));
    const answers = await Promise.all([...slow, ...rest]);
    expect(answers.map((a) => a.status)).toEqual(answers.map(() => 200));
    await stopped;
  });

  test('while a router stops, the connections that it still has lead each user where they led before', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const r = await router(kind);
    await r.tell(trafficOf({ ...withShare(10_000), production: { ...base.production, next: { backend: 'free-v2', share: 10_000 } } }, new Map([['internal-v2', servers(fresh)], ['free-v2', servers(fresh)], ['production-v1', servers(old)]])));
    const connections = ['INTERNAL', 'FREE', 'ENTERPRISE'].flatMap((group) => Array.from({ length: 4 }, () => ({ group, agent: new Agent({ keepAlive: true, maxSockets: 1 }) })));
    onTestFinished(() => { for (const { agent } of connections) agent.destroy(); });
    const ask = ({ group, agent }: (typeof connections)[number]) => send({ address: r.pod.address, headers: ['X-Traffic-Group', group, 'X-User-Id', 'u'], agent });
    const before = await Promise.all(connections.map(ask));
    expect(new Set(before.map((a) => a.version))).toEqual(new Set(['v2']));
    const arrived = (): number => [...old, ...fresh].reduce((n, s) => n + s.requests, 0);
    const running = send({ address: r.pod.address, path: '/?ms=2000' });
    await expect.poll(arrived).toBe(connections.length + 1);
    const stopped = r.stop();
    // The port closes when the stop has begun. A connection that lives on answers as before; one that has ended is dialled anew, elsewhere.
    await expect.poll(() => send({ address: r.pod.address }).then(() => 'open', () => 'closed'), { timeout: 5_000 }).toBe('closed');
    const after = await Promise.all(connections.map((c) => ask(c).then((a) => `${a.status} ${a.version}`, (e: NodeJS.ErrnoException) => e.code)));
    expect([['200 v2'], ['ECONNREFUSED']]).toContainEqual([...new Set(after)]);
    await Promise.all([running, stopped]);
  });

  test('nobody without a client certificate can tell a router anything', async () => {
    const r = await router(kind);
    const other = await startRouter(kind);
    onTestFinished(() => other.dispose());
    const traffic = trafficOf({ ...base, backends: [], routes: [], production: { seed: 's' } }, new Map());
    await expect(r.provider.tell(r.pod, other.credentials, traffic, AbortSignal.timeout(2_000))).rejects.toThrow();
    await expect(r.provider.tell(r.pod, { ...r.credentials, certificate: '', key: '' }, traffic, AbortSignal.timeout(2_000))).rejects.toThrow();
  });
});

// The built-in router has no reload.
describe.each(kinds.filter((k) => k === 'haproxy'))('%s', (kind) => {
  test('after a reload the process that serves is told, never the one that only finishes; SIGUSR2 by itself changes nothing', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    const there = serversByBackend(old, fresh);
    await r.tell(trafficOf(withShare(10_000), there));
    const ask = async () => (await send({ address: r.pod.address, headers: ['X-Traffic-Group', 'FREE', 'X-User-Id', 'ann'] })).version;
    r.signal?.('SIGUSR2');
    expect([await r.ready(), await ask(), (await r.tell(trafficOf(withShare(10_000), there))).changed]).toEqual([200, 'v2', false]);
    // Keeps the first process there: it has something to finish.
    const slow = send({ address: r.pod.address, path: '/?ms=3000' });
    await expect.poll(() => old[0]?.requests).toBe(1);
    await r.reload?.();
    await expect.poll(() => r.ready()).toBe(503);
    const waiting = ask();
    expect((await r.tell(trafficOf(withShare(10_000), there))).changed).toBe(true);
    expect([await waiting, await ask(), await r.ready()]).toEqual(['v2', 'v2', 200]);
    expect((await slow).status).toBe(200);
  });
});
