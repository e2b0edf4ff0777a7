import { expect, test } from 'vitest';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import { evaluate, rankServices, type HealthInput } from './evaluate.ts';

const build = 'shop-v1';
const tracks = [{ name: 'internal', replicas: 2, segment: 'INTERNAL' }, { name: 'production', replicas: 4 }];
const router = (ready: number): Deployment => ({ metadata: { name: 'shop-haproxy' }, status: { availableReplicas: ready } });

function input(over: { routers?: number; endpoints?: readonly [number, number]; deployments?: readonly Deployment[] } & Partial<Pick<HealthInput, 'releases' | 'now'>>): HealthInput {
  const [internal, production] = over.endpoints ?? [2, 4];
  return {
    application: { metadata: { namespace: 'default', name: 'shop' }, spec: { template: {}, ports: [], tracks } },
    delivery: { spec: { application: 'shop', router: { replicas: 4 }, change: { actor: '', reason: '', message: '' }, tracks: tracks.map((t) => ({ name: t.name, serving: build, percent: 100, builds: [{ build, replicas: t.replicas }] })) } },
    router: { spec: {} as never, status: { endpoints: [{ backend: 'internal-v1', ready: internal }, { backend: 'production-v1', ready: production }] } },
    deployments: [router(over.routers ?? 4), ...(over.deployments ?? [])],
    releases: over.releases ?? [],
    now: over.now ?? Date.parse('2026-01-01T01:00:00Z'),
  };
}

const old: Deployment = { metadata: { name: 'shop-production-v0', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'aweigh.dev/build': 'shop-v0', track: 'production' } }, spec: { replicas: 3, selector: {}, template: {} } };

test.for([
  { when: 'all is there', given: {}, state: 'healthy', rules: [] },
  { when: 'a router is missing', given: { routers: 3 }, state: 'warning', rules: ['RouterDegraded'] },
  { when: 'routers are under their floor', given: { routers: 1 }, state: 'critical', rules: ['RouterBelowFloor'] },
  { when: 'a track has one endpoint', given: { endpoints: [1, 4] as const }, state: 'critical', rules: ['TrackBelowFloor'] },
  { when: 'production lacks a pod', given: { endpoints: [2, 3] as const }, state: 'warning', rules: ['TrackUnderReplicated'] },
  { when: 'production has a pod too many', given: { endpoints: [2, 5] as const }, state: 'warning', rules: ['TrackOverReplicated'] },
  { when: 'a version was forgotten', given: { deployments: [old] }, state: 'warning', rules: ['VersionForgotten'] },
  { when: 'critical comes first', given: { routers: 3, endpoints: [0, 4] as const }, state: 'critical', rules: ['TrackBelowFloor', 'RouterDegraded'] },
  { when: 'a release says nothing new for an hour', given: { releases: [{ metadata: { name: 'shop-v2' }, spec: { application: 'shop', build: 'shop-v2' }, status: { phase: 'Progressing' as const, startedAt: '2026-01-01T00:00:00Z' } }] }, state: 'warning', rules: ['ReleaseStuck'] },
  { when: 'a paused release is a person\'s will', given: { releases: [{ metadata: { name: 'shop-v2' }, spec: { application: 'shop', build: 'shop-v2' }, status: { phase: 'Paused' as const, startedAt: '2026-01-01T00:00:00Z' } }] }, state: 'healthy', rules: [] },
])('$when', ({ given, state, rules }) => {
  const health = evaluate(input(given));
  expect({ state: health.state, rules: health.findings.map((f) => f.rule) }).toEqual({ state, rules });
});

test('the worst service comes first', () => {
  const names = rankServices([evaluate(input({})), evaluate(input({ routers: 3 })), evaluate(input({ routers: 0 }))]).map((s) => s.state);
  expect(names).toEqual(['critical', 'warning', 'healthy']);
});
