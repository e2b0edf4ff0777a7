import { onTestFinished } from 'vitest';
import type { RouterSpec } from '../../api/router/router.ts';
import type { TrafficServer } from '../../controllers/routing/traffic-provider.ts';
import { hasHaproxy, type RouterHandle, type RouterKind, type RouterOptions, type Service, startRouter, startService } from './router-fixture.ts';

/** What the behaviour suites share: each rule is proved with every kind of router that is here. */
export const kinds: RouterKind[] = hasHaproxy() || process.env['CI'] ? ['haproxy', 'builtin'] : ['builtin'];

/** Services of one version that end with the test. */
export async function services(version: string, count: number): Promise<Service[]> {
  const all = await Promise.all(Array.from({ length: count }, () => startService(version)));
  onTestFinished(() => { for (const s of all) { s.server.closeAllConnections(); s.server.close(); } });
  return all;
}

/** A router that ends with the test. */
export async function router(kind: RouterKind, options: RouterOptions = {}): Promise<RouterHandle> {
  const handle = await startRouter(kind, options);
  onTestFinished(() => handle.dispose());
  return handle;
}

export const servers = (list: readonly Service[], draining = false): TrafficServer[] => list.map(({ address, port }) => ({ address, port, draining }));

export const base: RouterSpec = {
  application: 'shop', provider: 'haproxy', port: 8080, userId: { header: 'X-User-Id', cookie: 'uid' }, defaultSegment: 'PAID',
  backends: [
    { name: 'internal-v2', track: 'internal', version: 'v2', service: 'a', floor: 1 },
    { name: 'free-v2', track: 'free', version: 'v2', service: 'b', floor: 1 },
    { name: 'production-v1', track: 'production', version: 'v1', service: 'c', floor: 1 },
  ],
  routes: [
    { segment: 'INTERNAL', backend: 'internal-v2', share: 10_000, strict: true, seed: 'shop/INTERNAL' },
    { segment: 'FREE', backend: 'free-v2', share: 500, strict: false, seed: 'shop/FREE' },
  ],
  production: { backend: 'production-v1', seed: 'shop/PRODUCTION' },
};

/** Version v1 in production, v2 on the other tracks. */
export const serversByBackend = (old: readonly Service[], fresh: readonly Service[]): Map<string, TrafficServer[]> =>
  new Map([['internal-v2', servers(fresh)], ['free-v2', servers(fresh)], ['production-v1', servers(old)]]);
