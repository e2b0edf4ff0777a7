import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../../kubernetes/types.generated.ts';
import { proportionalSteps, rollingLimits, rollingSteps, specReplicas } from './rolling-update.ts';

const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment =>
  ({ spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } } }) as Deployment;
const set = (name: string, replicas: number, available: number, max?: number): ReplicaSet => ({
  metadata: { name, annotations: max === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(max) } },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas: available },
});
const named = (steps: ReadonlyMap<ReplicaSet, number>) => Object.fromEntries([...steps].map(([rs, n]) => [rs.metadata?.name, n]));

test.for([
  { when: 'percentages round the surge up and the unavailable down', spec: deployment(10, '25%', '25%'), then: { maxSurge: 3, maxUnavailable: 2 } },
  { when: 'both round to nothing', spec: deployment(3, 0, '10%'), then: { maxSurge: 0, maxUnavailable: 1 } },
])('$when', ({ spec, then }) => expect(rollingLimits(spec)).toEqual(then));

test.for([
  { when: 'the new set starts', spec: deployment(10, 3, 2), current: set('new', 0, 0), old: [set('old', 10, 10)], then: { new: 3, old: 8 } },
  { when: 'new pods are not available', spec: deployment(10, 3, 2), current: set('new', 5, 0), old: [set('old', 8, 8)], then: {} },
  { when: 'new pods became available', spec: deployment(10, 3, 2), current: set('new', 5, 5), old: [set('old', 8, 8)], then: { old: 3 } },
  { when: 'old pods are broken', spec: deployment(4, 1, 0), current: set('new', 1, 0), old: [set('old', 4, 2)], then: {} },
  { when: 'broken old pods go first', spec: deployment(4, 1, 1), current: set('new', 2, 2), old: [set('a', 2, 0), set('b', 1, 1)], then: { a: 0, new: 2 } },
  { when: 'the new set is too large', spec: deployment(2, 1, 0), current: set('new', 5, 5), old: [], then: { new: 2 } },
])('$when', ({ spec, current, old, then }) => {
  const steps = named(rollingSteps(spec, current, old));
  for (const [name, replicas] of Object.entries(then)) expect(steps[name] ?? [current, ...old].find((s) => s.metadata?.name === name)?.spec?.replicas).toBe(replicas);
  if (Object.keys(then).length === 0) expect(steps).toEqual({});
});

test('a rollout never has more pods than wanted plus surge, nor takes away more available ones than it may', () => {
  const size = fc.nat({ max: 20 });
  fc.assert(
    fc.property(size, fc.nat({ max: 5 }), fc.nat({ max: 5 }), size, size, fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true }), (wanted, surge, unavailable, now, before, readyNow, readyBefore) => {
      const spec = deployment(wanted, surge, unavailable);
      const limits = rollingLimits(spec);
      const current = set('new', now, Math.floor(now * readyNow));
      const old = set('old', before, Math.floor(before * readyBefore));
      const steps = rollingSteps(spec, current, [old]);
      const next = (rs: ReplicaSet) => steps.get(rs) ?? specReplicas(rs);
      if (next(current) > now) expect(next(current) + before).toBeLessThanOrEqual(wanted + limits.maxSurge);
      expect(next(current)).toBeLessThanOrEqual(Math.max(now, wanted));
      const available = (rs: ReplicaSet) => rs.status?.availableReplicas ?? 0;
      const taken = Math.max(0, next(old) < available(old) ? available(old) - next(old) : 0);
      if (taken > 0) expect(available(old) + available(current) - taken).toBeGreaterThanOrEqual(wanted - limits.maxUnavailable);
    }),
  );
});

test('a new size in the middle of a rollout is shared in proportion', () => {
  const steps = proportionalSteps(deployment(15, 3, 2), [set('old', 8, 8, 13), set('new', 5, 0, 13)]);
  expect([...steps.values()].reduce((a, b) => a + b, 0)).toBe(18);
  expect(named(steps)).toEqual({ old: 11, new: 7 });
});
