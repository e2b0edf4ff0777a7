import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RouterSpec } from '../../../api/router/router.ts';
import { trafficOf } from '../../../controllers/routing/reconcile.ts';
import type { TrafficServer } from '../../../controllers/routing/traffic-provider.ts';
import { httpRoute } from './http-route.ts';
import type { HttpRouteRule } from './kinds.ts';
import { sameRoute } from './same-route.ts';

const servers = (ready: number): TrafficServer[] => Array.from({ length: ready }, (_, i) => ({ address: `127.64.0.${i + 1}`, port: 8080, draining: false }));
const all = (ready: number) => new Map(['internal-v3', 'free-v2', 'paid-v2', 'production-v1', 'production-v2'].map((name) => [name, servers(ready)]));
const backend = (track: string, version: string) => ({ name: `${track}-${version}`, track, version, service: `shop-${track}-${version}`, floor: 2 });
const spec: RouterSpec = {
  application: 'shop', provider: 'gateway-api', port: 80, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID',
  gateway: { parentRefs: [{ name: 'edge', namespace: 'infra', sectionName: 'web' }, { name: 'inner' }], hostnames: ['shop.example'] },
  backends: [backend('internal', 'v3'), backend('free', 'v2'), backend('paid', 'v2'), backend('production', 'v1'), backend('production', 'v2')],
  routes: [
    { segment: 'INTERNAL', backend: 'internal-v3', share: 10_000, strict: true, seed: 's' },
    { segment: 'FREE', backend: 'free-v2', share: 500, strict: false, seed: 's', include: ['ada'], exclude: ['eve'] },
    { segment: 'PAID', backend: 'paid-v2', share: 0, strict: false, seed: 's' },
  ],
  production: { backend: 'production-v1', seed: 's' },
};
const withRoute = (segment: string, change: object): RouterSpec => ({ ...spec, routes: spec.routes.map((r) => (r.segment === segment ? { ...r, ...change } : r)) });
const rulesOf = (of: RouterSpec, ready = 2) => httpRoute({ metadata: { name: 'shop-haproxy', namespace: 'default', uid: 'u' }, spec: of }, trafficOf(of, all(ready))).spec.rules;
/** `INTERNAL > internal-v3` … one line a rule. */
const lines = (of: RouterSpec, ready = 2): string[] =>
  rulesOf(of, ready).map(({ matches, backendRefs }) =>
    `${matches.map(({ headers = [] }) => headers.map((h) => (h.type === 'Exact' ? h.value : `/${h.value}/`)).join('+') || '*').join(' or ')} > ${backendRefs.map((b) => `${b.name.replace('shop-', '')}:${b.weight}`).join(' ')}`);

test.for([
  { when: 'all have their floor', of: spec, ready: 2, then: ['FREE+eve > production-v1:1', 'FREE+ada > free-v2:1', 'INTERNAL > internal-v3:1', 'FREE > free-v2:1 production-v1:19', 'PAID > production-v1:1', '* > production-v1:1'] },
  { when: 'tracks are below their floor', of: spec, ready: 1, then: ['FREE+eve > production-v1:1', 'INTERNAL > refused:1', 'FREE > production-v1:1', 'PAID > production-v1:1', '* > production-v1:1'] },
  { when: 'the default segment has a share', of: withRoute('PAID', { share: 2_500 }), ready: 2, then: ['FREE+eve > production-v1:1', 'FREE+ada > free-v2:1', 'INTERNAL > internal-v3:1', 'FREE > free-v2:1 production-v1:19', 'PAID > paid-v2:1 production-v1:3', '/.*/ > production-v1:1', '* > paid-v2:1 production-v1:3'] },
  { when: 'no regular expressions are there', of: { ...withRoute('PAID', { share: 10_000 }), gateway: { parentRefs: [{ name: 'edge' }], unknownGroups: 'defaultSegment' as const } }, ready: 2, then: ['FREE+eve > production-v1:1', 'FREE+ada > free-v2:1', 'INTERNAL > internal-v3:1', 'FREE > free-v2:1 production-v1:19', 'PAID > paid-v2:1', 'ENTERPRISE > production-v1:1', '* > paid-v2:1'] },
  { when: 'production steps', of: { ...withRoute('FREE', { share: 5_000, include: [], exclude: [] }), production: { backend: 'production-v1', next: { backend: 'production-v2', share: 2_500 }, seed: 's' } }, ready: 2, then: ['INTERNAL > internal-v3:1', 'FREE > free-v2:4 production-v2:1 production-v1:3', 'PAID > production-v2:1 production-v1:3', '* > production-v2:1 production-v1:3'] },
  { when: 'nothing is in production yet', of: { ...spec, routes: [], production: { seed: 's' } }, ready: 2, then: ['* > refused:1'] },
])('$when', ({ of, ready, then }) => expect(lines(of, ready)).toEqual(then));

test('every Gateway is a parent, and the route belongs to its Router', () => {
  const route = httpRoute({ metadata: { name: 'shop-haproxy', namespace: 'default', uid: 'u' }, spec }, trafficOf(spec, all(2)));
  expect(route.spec.parentRefs).toEqual([
    { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge', namespace: 'infra', sectionName: 'web' },
    { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'inner' },
  ]);
  expect(route).toMatchObject({ metadata: { name: 'shop-haproxy', namespace: 'default', ownerReferences: [{ kind: 'Router', uid: 'u', controller: true }] }, spec: { hostnames: ['shop.example'] } });
  expect(route.spec.rules.at(-1)).toEqual({ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ group: '', kind: 'Service', name: 'shop-production-v1', port: 80, weight: 1 }] });
});

test('lists of users are cut to what a rule holds, and what an HTTPRoute cannot hold is refused with the way out', () => {
  const users = (n: number) => Array.from({ length: n }, (_, i) => `user-${i}`);
  expect(rulesOf(withRoute('FREE', { include: users(100), exclude: [] })).slice(0, 2).map((r) => r.matches.length)).toEqual([64, 36]);
  expect(() => rulesOf(withRoute('FREE', { include: users(1_000) }))).toThrow(/room for 16 rules/);
  expect(() => rulesOf({ ...spec, userId: { cookie: 'uid' } })).toThrow(/set spec.userId.header/);
});

test('a track below its floor has no weight, weights are what the API takes, and a version with none is not named', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 3 }), (share, nextShare, ready) => {
      const of: RouterSpec = { ...withRoute('FREE', { share, include: [], exclude: [] }), production: { backend: 'production-v1', next: { backend: 'production-v2', share: nextShare }, seed: 's' } };
      const rules = rulesOf(of, ready);
      const free = rules.find((r) => r.matches[0]?.headers?.[0]?.value === 'FREE');
      const total = (rule: HttpRouteRule | undefined) => (rule?.backendRefs ?? []).reduce((sum, b) => sum + b.weight, 0);
      for (const rule of rules) for (const { weight } of rule.backendRefs) expect(weight > 0 && weight <= 1_000_000 && Number.isInteger(weight)).toBe(true);
      const part = (free?.backendRefs.find((b) => b.name === 'shop-free-v2')?.weight ?? 0) / total(free);
      expect(part).toBeCloseTo(ready < 2 ? 0 : share / 10_000, 3);
    }),
  );
});

test('what the API adds is no difference; another weight, header, host or filter is', () => {
  const { spec: wanted } = httpRoute({ metadata: {}, spec }, trafficOf(spec, all(2)));
  expect(sameRoute(wanted, structuredClone(wanted))).toBe(true);
  expect(sameRoute({ ...wanted, rules: wanted.rules.map((r) => ({ ...r, timeouts: {} })) }, wanted)).toBe(true);
  const { hostnames: _, ...without } = wanted;
  expect(sameRoute(wanted, without)).toBe(false);
  expect(sameRoute(wanted, { ...wanted, rules: wanted.rules.map((r) => ({ ...r, filters: [{ type: 'RequestMirror' }] })) })).toBe(false);
  expect(sameRoute(wanted, { ...wanted, rules: wanted.rules.map((r) => ({ ...r, matches: r.matches.map(({ path }) => ({ path })) })) })).toBe(false);
  expect(sameRoute(wanted, { ...wanted, rules: wanted.rules.map((r) => ({ ...r, backendRefs: r.backendRefs.map((b) => ({ ...b, weight: 7 })) })) })).toBe(false);
});
