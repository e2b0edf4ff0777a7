import { expect, test } from 'vitest';
import { Applications } from '../../api/kinds.ts';
import { Deployments, EndpointSlices, Services } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import type { Deployment, EndpointSlice, Service } from '../../kubernetes/types.generated.ts';
import { ObjectCache } from '../../runtime/object-cache.ts';
import { evaluate } from './evaluate.ts';
import { healthResources, observeServices } from './observe.ts';
import { ServiceWatch } from './service-watch.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const CREATED = '2026-11-01T12:00:00Z';
const NAMES = ['account', 'billing', 'cart'];

/** Caches that are filled here instead of by a watch, and a watch upon them. */
function installation() {
  const caches = new Map<string, ObjectCache<KubernetesObject>>();
  const cacheOf = <T extends KubernetesObject>(kind: Resource<T>): ObjectCache<T> => {
    const cache = caches.get(kind.kind) ?? new ObjectCache<KubernetesObject>();
    caches.set(kind.kind, cache);
    return cache as unknown as ObjectCache<T>;
  };
  const informer = <T extends KubernetesObject>(kind: Resource<T>) => {
    const cache = cacheOf(kind);
    return { synced: Promise.resolve(), get: cache.get.bind(cache), list: cache.list.bind(cache), byIndex: cache.byIndex.bind(cache), addIndex: cache.addIndex.bind(cache), onChange: cache.onChange.bind(cache) };
  };
  const watch = new ServiceWatch({ informer });
  let looks = 0;
  for (const { resource, map } of watch.sources) {
    cacheOf(resource).onChange(({ previous, current }) => {
      for (const object of [previous, current]) if (object !== undefined) looks += map(object).length;
    });
  }
  let version = 0;
  const set = <T extends KubernetesObject>(kind: Resource<T>, object: T): void => cacheOf(kind).set({ ...object, metadata: { namespace: 'default', creationTimestamp: CREATED, ...object.metadata, resourceVersion: `${++version}` } });
  const anew = (now = NOW) => observeServices(healthResources((kind) => cacheOf(kind).list()), now).map((input) => evaluate(input).findings);
  return { watch, set, anew, cacheOf, looks: () => looks };
}

const labels = (app: string) => ({ app, tier: 'service', track: 'production' });
const service = (app: string): Service => ({ metadata: { name: `${app}-production`, labels: labels(app) }, spec: { selector: labels(app) } });
const router = (app: string, availableReplicas: number): Deployment => ({ metadata: { name: `${app}-haproxy` }, spec: { replicas: 4, selector: {}, template: {} }, status: { availableReplicas } });
const deployment = (app: string, replicas: number): Deployment => ({ metadata: { name: `${app}-v1`, labels: labels(app) }, spec: { replicas, selector: {}, template: { metadata: { labels: labels(app) } } } });
const slice = (app: string, ready: number): EndpointSlice => ({
  metadata: { name: `${app}-1`, labels: { 'kubernetes.io/service-name': `${app}-production` } }, addressType: 'IPv4',
  endpoints: Array.from({ length: ready }, (_, i) => ({ addresses: [`10.0.0.${i}`], conditions: { ready: true } })),
});

function healthy() {
  const there = installation();
  for (const app of NAMES) {
    there.set(Services, service(app));
    there.set(Deployments, deployment(app, 4));
    there.set(Deployments, router(app, 4));
    there.set(EndpointSlices, slice(app, 4));
  }
  there.watch.look(NOW, 'all');
  return there;
}

test.for([
  { when: 'a router goes', change: ({ set }: ReturnType<typeof installation>) => set(Deployments, router('cart', 1)) },
  { when: 'endpoints go', change: ({ set }: ReturnType<typeof installation>) => set(EndpointSlices, slice('cart', 1)) },
  { when: 'more is wanted', change: ({ set }: ReturnType<typeof installation>) => set(Deployments, deployment('cart', 9)) },
  { when: 'the Service goes', change: ({ cacheOf }: ReturnType<typeof installation>) => cacheOf(Services).delete({ namespace: 'default', name: 'cart-production' }) },
  { when: 'another service comes', change: ({ set }: ReturnType<typeof installation>) => set(Services, service('search')) },
  { when: 'an Application comes', change: ({ set }: ReturnType<typeof installation>) => set(Applications, { metadata: { name: 'shop' }, spec: { template: {}, ports: [], tracks: [{ name: 'production', replicas: 1 }] } }) },
])('when $when, a look at what changed finds what a look at all finds', ({ change }) => {
  const there = healthy();
  const before = there.anew();
  change(there);
  const found = there.watch.look(NOW, 'changed').map((s) => s.findings).filter((f) => f.length > 0);
  expect(found).toEqual(there.anew().filter((f) => f.length > 0));
  expect(there.anew()).not.toEqual(before);
});

test('what did not change is not looked at again, and what belongs to no service wakes nobody', () => {
  const there = healthy();
  const before = there.watch.look(NOW, 'changed'), looks = there.looks();
  there.set(Services, { metadata: { name: 'kubernetes' }, spec: {} });
  expect(there.looks()).toBe(looks);
  there.set(EndpointSlices, slice('cart', 3));
  expect(there.looks()).toBeGreaterThan(looks);
  const after = there.watch.look(NOW, 'changed');
  const inputOf = (list: typeof before, name: string) => list.find((s) => s.input.service === name)?.input;
  expect(inputOf(after, 'account')).toBe(inputOf(before, 'account'));
  expect(inputOf(after, 'cart')).not.toBe(inputOf(before, 'cart'));
});

test('a look at ages finds what only time has changed, and reads no resource again', () => {
  const there = healthy();
  there.set(Deployments, { metadata: { name: 'cart-v0', labels: { ...labels('cart'), track: 'free' }, creationTimestamp: '2026-11-25T12:00:00Z' }, spec: { replicas: 1, selector: {}, template: { metadata: { labels: { app: 'cart', track: 'free' } } } } });
  there.watch.look(NOW, 'changed');
  const later = NOW + 30 * 86_400_000;
  const rules = (findings: readonly (readonly { readonly rule: string }[])[]): string[] => findings.flat().map((f) => f.rule);
  expect(rules(there.anew())).not.toContain('VersionForgotten');
  expect(rules(there.watch.look(later, 'changed').map((s) => s.findings))).not.toContain('VersionForgotten');
  const inputs = there.watch.look(later, 'changed').map((s) => s.input.deployments);
  const aged = there.watch.look(later, 'aged');
  expect(rules(aged.map((s) => s.findings))).toContain('VersionForgotten');
  expect(aged.map((s) => s.findings).filter((f) => f.length > 0)).toEqual(there.anew(later).filter((f) => f.length > 0));
  expect(aged.every((s) => inputs.includes(s.input.deployments))).toBe(true);
});
