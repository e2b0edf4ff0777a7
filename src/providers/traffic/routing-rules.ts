import { Agent } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { RouterSpec } from '../../api/router/router.ts';
import type { TrafficServer } from '../../controllers/routing/traffic-provider.ts';
import { send, type Service } from './router-fixture.ts';
import { base, servers, serversByBackend, services } from './router-suite.ts';

/** Whatever routes, as users and the control plane see it. */
export interface RoutedEntry {
  readonly address: string;
  /** Resolves when all that is sent from now on goes as it says. */
  route(spec: RouterSpec, there: ReadonlyMap<string, readonly TrafficServer[]>): Promise<void>;
}

const withShare = (share: number): RouterSpec => ({ ...base, routes: base.routes.map((r) => (r.segment === 'FREE' ? { ...r, share } : r)) });
const onlyProduction: RouterSpec = { ...base, backends: base.backends.filter((b) => b.track === 'production'), routes: [] };

/** What every provider promises, routers of Aweigh's own and Gateways alike. @param start a fresh entry, which ends with its test */
export function routingRules(start: () => Promise<RoutedEntry>): void {
  test('groups reach their track, and all that is not one known value reaches production', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const entry = await start();
    await entry.route({ ...withShare(10_000), routes: [...withShare(10_000).routes, { segment: 'PAID', backend: 'free-v2', share: 10_000, strict: false, seed: 's' }] }, serversByBackend(old, fresh));
    const ask = async (headers: string[]) => (await send({ address: entry.address, headers })).version;
    for (const group of ['INTERNAL', 'FREE', 'PAID']) expect(await ask(['X-Traffic-Group', group]), group).toBe('v2');
    expect(await ask([]), 'the default segment').toBe('v2');
    for (const group of ['ENTERPRISE', 'ENTERPRISE,INTERNAL', 'INTERNAL, FREE', 'internal', 'INTERNALS', 'WHO', '']) expect(await ask(['X-Traffic-Group', group]), group).toBe('v1');
  });

  test('a segment has the share that was told, of users who are many', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const entry = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    onTestFinished(() => agent.destroy());
    const partOf = async (group: string, users = 400) => {
      const answers = await Promise.all(Array.from({ length: users }, (_, i) => send({ address: entry.address, agent, headers: ['X-Traffic-Group', group, 'X-User-Id', `user-${i}`] })));
      return answers.filter((a) => a.version === 'v2').length / answers.length;
    };
    for (const share of [500, 2_500]) {
      await entry.route(withShare(share), serversByBackend(old, fresh));
      expect(Math.abs((await partOf('FREE')) - share / 10_000), `${share}`).toBeLessThan(0.03);
      expect([await partOf('ENTERPRISE', 50), await partOf('INTERNAL', 50)]).toEqual([0, 1]);
    }
    await entry.route({ ...withShare(0), production: { ...base.production, next: { backend: 'free-v2', share: 1_000 } } }, serversByBackend(old, fresh));
    expect(Math.abs((await partOf('ENTERPRISE')) - 0.1)).toBeLessThan(0.03);
  });

  test('below its floor a strict group is refused with 503 and any other goes to production', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 2)];
    const entry = await start();
    const spec: RouterSpec = { ...withShare(10_000), backends: base.backends.map((b) => ({ ...b, floor: b.track === 'production' ? 1 : 2 })) };
    const ask = (group: string) => send({ address: entry.address, headers: ['X-Traffic-Group', group] });
    const full = serversByBackend(old, fresh);
    await entry.route(spec, full);
    expect([(await ask('INTERNAL')).version, (await ask('FREE')).version]).toEqual(['v2', 'v2']);
    await entry.route(spec, new Map([...full, ['internal-v2', servers(fresh.slice(0, 1))], ['free-v2', servers(fresh.slice(0, 1))]]));
    expect((await ask('INTERNAL')).status).toBe(503);
    expect((await ask('FREE')).version).toBe('v1');
    await entry.route(spec, full);
    expect((await ask('INTERNAL')).version).toBe('v2');
  });

  test('listed users are in or out whatever the share', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const entry = await start();
    const route = (share: number, lists: object) => entry.route({ ...base, routes: base.routes.map((r) => (r.segment === 'FREE' ? { ...r, share, ...lists } : r)) }, serversByBackend(old, fresh));
    const ask = async (user: string, group = 'FREE') => (await send({ address: entry.address, headers: ['X-Traffic-Group', group, 'X-User-Id', user] })).version;
    await route(0, { include: ['ada', 'both'], exclude: ['eve', 'both'] });
    expect([await ask('ada'), await ask('both'), await ask('eve'), await ask('bob'), await ask('ada', 'PAID')]).toEqual(['v2', 'v1', 'v1', 'v1', 'v1']);
    await route(10_000, { include: ['ada', 'both'], exclude: ['eve', 'both'] });
    expect([await ask('ada'), await ask('both'), await ask('eve'), await ask('bob')]).toEqual(['v2', 'v1', 'v1', 'v2']);
    await route(0, {});
    expect(await ask('ada')).toBe('v1');
  });

  test('after a switch nothing sent later reaches the version that left, and slow requests finish there', async () => {
    const [old, fresh] = [await services('v1', 2), await services('v2', 2)];
    const entry = await start();
    const there = new Map([['production-v1', servers(old)], ['production-v2', servers(fresh)]]);
    const spec = (backend: string): RouterSpec => ({ ...onlyProduction, backends: [...onlyProduction.backends, { name: 'production-v2', track: 'production', version: 'v2', service: 'd', floor: 1 }], production: { ...base.production, backend } });
    await entry.route(spec('production-v1'), there);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const slow = Array.from({ length: 15 }, () => send({ address: entry.address, path: '/slow?ms=1500', agent }));
    await expect.poll(() => old.reduce((n, s) => n + s.requests, 0), { timeout: 10_000 }).toBe(15);
    await entry.route(spec('production-v2'), there);
    const later = await Promise.all(Array.from({ length: 100 }, () => send({ address: entry.address, agent })));
    expect(new Set(later.map((a) => a.version))).toEqual(new Set(['v2']));
    expect(new Set((await Promise.all(slow)).map((a) => a.version))).toEqual(new Set(['v1']));
  });

  test('servers come and go under load without a failure, and a POST is applied once', async () => {
    const all = await services('v1', 4);
    const entry = await start();
    const route = (list: readonly Service[], leaving: readonly Service[] = []) => entry.route(onlyProduction, new Map([['production-v1', [...servers(list), ...servers(leaving, true)]]]));
    await route(all.slice(0, 2));
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    onTestFinished(() => agent.destroy());
    let stop = false;
    let sent = 0;
    const failures: string[] = [];
    const load = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const id = String(sent++);
        const answer = await send({ address: entry.address, method: 'POST', path: `/?id=${id}`, body: 'x'.repeat(5_000), agent }).catch((e: Error) => ({ status: 0, body: e.message }));
        if (answer.status !== 200 || answer.body !== 'v1:5000') failures.push(`${answer.status} ${answer.body}`);
      }
    });
    const served = async (s: Service) => { const before = s.requests; await expect.poll(() => s.requests, { timeout: 10_000 }).toBeGreaterThan(before + 20); };
    await served(all[0]!);
    await route(all);
    await served(all[3]!);
    await route(all.slice(2), all.slice(0, 2));
    await served(all[2]!);
    await route(all.slice(2));
    await all[0]!.stop();
    await all[1]!.stop();
    await served(all[2]!);
    stop = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    const posts = all.flatMap((s) => s.posts);
    expect(posts.length).toBe(sent);
    expect(new Set(posts).size).toBe(sent);
  });

  test('an upgraded connection passes both ways', async () => {
    const old = await services('v1', 1);
    const entry = await start();
    await entry.route(onlyProduction, new Map([['production-v1', servers(old)]]));
    const socket = connect(8080, entry.address);
    onTestFinished(() => { socket.destroy(); });
    let text = '';
    socket.on('data', (d: Buffer) => (text += d.toString()));
    socket.write('GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await expect.poll(() => text, { timeout: 10_000 }).toContain('101 Switching');
    socket.write('hello');
    await expect.poll(() => text, { timeout: 10_000 }).toContain('hello');
  });
}
