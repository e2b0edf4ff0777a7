import { expect, test } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { WAITING, type Release, type WaitReason } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler, Service } from '../../kubernetes/types.generated.ts';
import { evaluate, rankServices } from './evaluate.ts';
import type { ServiceHealth } from './finding.ts';
import { observeServices, type HealthResources } from './observe.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const CREATED = '2026-01-01T00:00:00Z';
const TRACKS = [{ name: 'internal', word: 'internal', replicas: 2 }, { name: 'free', word: 'canary', replicas: 4 }, { name: 'paid', word: 'paid', replicas: 4 }, { name: 'production', word: 'production', replicas: 10 }];

const trackService = (app: string, track: string, word: string, selector: Record<string, string>): Service =>
  ({ metadata: { namespace: 'default', name: `${app}-${word}`, labels: { app, tier: 'service', track, lb: 'private' } }, spec: { selector } });
const slice = (service: string, ready: number): EndpointSlice => ({
  addressType: 'IPv4', metadata: { namespace: 'default', name: service, labels: { 'kubernetes.io/service-name': service } },
  endpoints: [...Array.from({ length: ready }, (_, i) => ({ addresses: [`10.0.0.${i}`], conditions: { ready: true } })), { addresses: ['10.0.1.1'], conditions: { ready: false } }],
});
const deployment = (name: string, replicas: number, labels: Record<string, string>, cpu = '250m'): Deployment => ({
  metadata: { namespace: 'default', name, labels, creationTimestamp: CREATED }, status: { availableReplicas: replicas },
  spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'app', resources: { requests: { cpu, memory: '512Mi' } } }] } } },
});

interface Given {
  readonly routers?: number;
  /** By track. */
  readonly endpoints?: Readonly<Record<string, number>>;
  readonly more?: Partial<HealthResources>;
  readonly delivery?: Delivery;
  readonly releases?: readonly Release[];
}

/** account-service as Aweigh runs it, well unless something is given. */
function managed({ routers = 4, endpoints = {}, more = {}, delivery, releases = [] }: Given): HealthResources {
  const application: Application = { metadata: { namespace: 'default', name: 'account-service', creationTimestamp: CREATED }, spec: { template: {}, ports: [], tracks: TRACKS.map(({ name, replicas }, i) => ({ name, replicas, ...(i < 3 ? { segment: name.toUpperCase() } : {}) })) } };
  const labels = (track: string): Record<string, string> => ({ app: 'account-service', tier: 'service', track, 'aweigh.dev/application': 'account-service', 'aweigh.dev/build': 'account-service-v1', version: 'v1' });
  const own = deliveryOf(TRACKS.map((t) => ({ name: t.name, serving: 'account-service-v1', percent: 100, builds: [{ build: 'account-service-v1', replicas: t.replicas }] })));
  return {
    applications: [application], deliveries: [delivery ?? own], releases, policies: [], routers: more.routers ?? [], autoscalers: more.autoscalers ?? [],
    services: TRACKS.map((t) => trackService('account-service', t.name, t.word, { track: t.name, version: 'v1' })),
    endpointSlices: TRACKS.map((t) => slice(`account-service-${t.word}-v1`, endpoints[t.name] ?? t.replicas)),
    deployments: [deployment('account-service-haproxy', routers, { 'aweigh.dev/router': 'account-service-haproxy' }), ...TRACKS.filter((t) => (delivery ?? own).spec.tracks.some((h) => h.name === t.name)).map((t) => deployment(`account-service-${t.word}-v1`, t.replicas, labels(t.name))), ...(more.deployments ?? [])],
  };
}

const waitsAs = (reason: WaitReason) => ({ type: WAITING, status: 'True' as const, reason, message: '', lastTransitionTime: CREATED });

const deliveryOf = (tracks: Delivery['spec']['tracks']): Delivery => ({
  metadata: { namespace: 'default', name: 'account-service', generation: 3 }, status: { observedGeneration: 3 },
  spec: { application: 'account-service', router: { replicas: 4 }, change: { actor: '', reason: '', message: '' }, tracks },
});

/** billing-service that knows nothing of Aweigh but carries the labels. */
function labelled(endpoints: Readonly<Record<string, number>>, routers: number | undefined, more: Partial<HealthResources> = {}): HealthResources {
  const labels = (track: string, version: string): Record<string, string> => ({ app: 'billing-service', tier: 'service', track, version });
  return {
    applications: [], deliveries: [], releases: [], policies: more.policies ?? [], routers: [], autoscalers: [],
    services: Object.keys(endpoints).map((track) => trackService('billing-service', track, track, { app: 'billing-service', track, version: 'v2' })),
    endpointSlices: Object.entries(endpoints).map(([track, ready]) => slice(`billing-service-${track}`, ready)),
    deployments: [...Object.keys(endpoints).map((track) => deployment(`billing-service-${track}-v2`, 4, labels(track, 'v2'))), ...(routers === undefined ? [] : [deployment('billing-service-haproxy', routers, { app: 'billing-service-haproxy' })]), ...(more.deployments ?? [])],
  };
}

const judge = (resources: HealthResources): ServiceHealth => {
  const [only] = observeServices(resources, NOW).map(evaluate);
  if (only === undefined) throw new Error('No service was found');
  return only;
};
const verdict = (resources: HealthResources): { state: string; rules: string[] } => {
  const { state, findings } = judge(resources);
  return { state, rules: findings.map((f) => `${f.rule} ${f.subject}`) };
};

const forgotten = deployment('account-service-production-v0', 3, { app: 'account-service', track: 'production', 'aweigh.dev/build': 'account-service-v0' });
const releaseWith = (status: NonNullable<Release['status']>, spec: Partial<Release['spec']> = {}): Release => ({ metadata: { namespace: 'default', name: 'account-service-v2' }, spec: { application: 'account-service', build: 'account-service-v2', ...spec }, status });
const waitingFor = (gate: { kind: string; state: 'Waiting' | 'Inconclusive' }, startedAt: string): NonNullable<Release['status']> => ({ phase: 'Progressing', track: 'free', startedAt, history: [], tracks: [{ name: 'free', phase: 'Verifying', gates: [{ name: 'g', ...gate, startedAt }] }] });
const scaled: HorizontalPodAutoscaler = { metadata: { namespace: 'default', name: 'production' }, spec: { maxReplicas: 20, scaleTargetRef: { kind: 'Deployment', name: 'account-service-production-v1' } } };

const byGateways = (status: 'True' | 'False', reason: string): Router => ({
  metadata: { namespace: 'default', name: 'account-service-haproxy', generation: 2 },
  spec: { application: 'account-service', provider: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }] }, port: 80, userId: {}, defaultSegment: 'PAID', backends: [], routes: [], production: { seed: 's' } },
  status: { gateways: [{ name: 'default/edge', observedGeneration: 1, at: CREATED }], observed: { routes: [], production: {} }, conditions: [{ type: 'Told', status, reason, message: 'as it is', lastTransitionTime: CREATED }] },
});

/** Routers that Gateways lead to. */
const led = (status: 'True' | 'False', reason: string): Router => {
  const { spec, ...router } = byGateways('True', 'ReadBack');
  return { ...router, spec: { ...spec, provider: 'haproxy' }, status: { conditions: [{ type: 'GatewaysLead', status, reason, message: 'as it is', lastTransitionTime: CREATED }] } };
};

test.for([
  { when: 'all is there', given: {}, state: 'healthy', rules: [] },
  { when: 'a router is missing', given: { routers: 3 }, state: 'warning', rules: ['RouterDegraded router'] },
  { when: 'routers are at their floor', given: { routers: 2 }, state: 'warning', rules: ['RouterDegraded router'] },
  { when: 'routers are under their floor', given: { routers: 1 }, state: 'critical', rules: ['RouterBelowFloor router'] },
  { when: 'Gateways route', given: { routers: 0, more: { routers: [byGateways('True', 'Accepted')] } }, state: 'healthy', rules: [] },
  { when: 'a Gateway has only just been asked', given: { routers: 0, more: { routers: [byGateways('False', 'Settling')] } }, state: 'healthy', rules: [] },
  { when: 'a Gateway does not follow', given: { routers: 0, more: { routers: [byGateways('False', 'NoAnswer')] } }, state: 'warning', rules: ['GatewayNotFollowing router'] },
  { when: 'a Gateway is gone', given: { routers: 0, more: { routers: [byGateways('False', 'GatewayMissing')] } }, state: 'critical', rules: ['GatewayNotRouting router'] },
  { when: 'Gateways go on while routers start', given: { routers: 0, more: { routers: [{ ...byGateways('True', 'Accepted'), spec: { ...byGateways('True', 'Accepted').spec, provider: 'haproxy', leaving: 'gateway-api' } }] } }, state: 'healthy', rules: [] },
  { when: 'routers go on while no Gateway routes', given: { more: { routers: [{ ...byGateways('False', 'GatewayMissing'), spec: { ...byGateways('False', 'GatewayMissing').spec, leaving: 'haproxy' } }] } }, state: 'healthy', rules: [] },
  { when: 'a Gateway leads to the routers', given: { more: { routers: [led('True', 'Accepted')] } }, state: 'healthy', rules: [] },
  { when: 'no Gateway leads to the routers any more', given: { more: { routers: [led('False', 'GatewayMissing')] } }, state: 'critical', rules: ['GatewayNotRouting gateway'] },
  { when: 'a track has one endpoint', given: { endpoints: { free: 1 } }, state: 'critical', rules: ['TrackBelowFloor track/free'] },
  { when: 'production lacks a pod', given: { endpoints: { production: 9 } }, state: 'warning', rules: ['TrackUnderReplicated track/production'] },
  { when: 'production has a pod too many', given: { endpoints: { production: 11 } }, state: 'warning', rules: ['TrackOverReplicated track/production'] },
  { when: 'an autoscaler chose more pods', given: { endpoints: { production: 11 }, more: { autoscalers: [scaled] } }, state: 'healthy', rules: [] },
  { when: 'critical comes first', given: { routers: 3, endpoints: { internal: 0 } }, state: 'critical', rules: ['TrackBelowFloor track/internal', 'RouterDegraded router'] },
  { when: 'a version was forgotten', given: { more: { deployments: [forgotten] } }, state: 'warning', rules: ['VersionForgotten version/account-service-production-v0'] },
  { when: 'the cluster still follows the record', given: { more: { deployments: [forgotten] }, delivery: { ...deliveryOf([]), status: {} } }, state: 'new', rules: [] },
  { when: 'nothing was released yet', given: { delivery: deliveryOf([]), routers: 0 }, state: 'new', rules: [] },
  { when: 'the first version is on its way', given: { delivery: deliveryOf([{ name: 'internal', serving: 'account-service-v1', percent: 100, builds: [{ build: 'account-service-v1', replicas: 2 }] }]) }, state: 'healthy', rules: [] },
  { when: 'a track lost its version', given: { delivery: deliveryOf([{ name: 'production', serving: 'account-service-v1', percent: 100, builds: [{ build: 'account-service-v1', replicas: 10 }] }]) }, state: 'critical', rules: ['TrackMissing track/free', 'TrackMissing track/internal', 'TrackMissing track/paid'] },
  { when: 'a release says nothing new for an hour', given: { releases: [releaseWith({ phase: 'Progressing', startedAt: '2026-01-01T23:00:00Z' })] }, state: 'warning', rules: ['ReleaseStuck release/account-service-v2'] },
  { when: 'a release was paused a moment ago', given: { releases: [releaseWith({ phase: 'Paused', startedAt: '2026-01-01T23:00:00Z' })] }, state: 'healthy', rules: [] },
  { when: 'an approval waits for an hour', given: { releases: [releaseWith(waitingFor({ kind: 'approval', state: 'Waiting' }, '2026-01-01T23:00:00Z'))] }, state: 'healthy', rules: [] },
  { when: 'an approval waits for a day', given: { releases: [releaseWith(waitingFor({ kind: 'approval', state: 'Waiting' }, '2026-01-01T00:00:00Z'))] }, state: 'warning', rules: ['ReleaseStuck release/account-service-v2'] },
  { when: 'metrics are inconclusive', given: { releases: [releaseWith(waitingFor({ kind: 'analysis', state: 'Inconclusive' }, '2026-01-01T23:59:00Z'))] }, state: 'warning', rules: ['ReleaseInconclusive release/account-service-v2'] },
  { when: 'a freeze holds a release for a day', given: { releases: [releaseWith({ phase: 'Pending', startedAt: '2026-01-01T00:00:00Z', conditions: [waitsAs('Frozen')] })] }, state: 'healthy', rules: [] },
] as { when: string; given: Given; state: string; rules: string[] }[])('$when', ({ given, state, rules }) => {
  expect(verdict(managed(given))).toEqual({ state, rules });
});

test.for([
  { when: 'all is there', given: labelled({ internal: 4, free: 4, paid: 4, production: 4 }, 4), state: 'healthy', rules: [] },
  { when: 'a track is below two', given: labelled({ internal: 4, free: 1, paid: 4, production: 4 }, 4), state: 'critical', rules: ['TrackBelowFloor track/free'] },
  { when: 'a track lacks pods', given: labelled({ internal: 3, production: 4 }, 4), state: 'warning', rules: ['TrackUnderReplicated track/internal'] },
  { when: 'there is no router where lb says that there is to be', given: labelled({ internal: 4 }, undefined), state: 'critical', rules: ['RouterMissing router'] },
  { when: 'routers are too few', given: labelled({ internal: 4 }, 3), state: 'warning', rules: ['RouterDegraded router'] },
  { when: 'a Deployment is selected by no Service', given: labelled({ internal: 4 }, 4, { deployments: [deployment('billing-service-internal-v1', 2, { app: 'billing-service', track: 'internal', version: 'v1' })] }), state: 'warning', rules: ['VersionForgotten version/billing-service-internal-v1'] },
  { when: 'a track that the policy wants is missing', given: labelled({ internal: 4 }, 4, { policies: [{ metadata: { namespace: 'aweigh-system', name: 'default' }, spec: { tracks: ['internal', 'production'] } }] }), state: 'critical', rules: ['TrackMissing track/production'] },
])('a service without an Application: $when', ({ given, state, rules }) => expect(verdict(given)).toEqual({ state, rules }));

test('a forgotten version is shown with its age and what it cost', () => {
  const { findings, forgotten: versions } = judge(managed({ more: { deployments: [forgotten] } }));
  expect(versions).toMatchObject([{ deployment: 'account-service-production-v0', replicas: 3, ageMs: 86_400_000, cost: { cpuCores: 0.75, memoryBytes: 1.5 * 2 ** 30, cpuCoreHours: 18, memoryGibHours: 36 } }]);
  expect(findings[0]?.message).toBe('account-service: account-service-production-v0 runs 3 pods that no track holds, for 24 h (0.75 cores and 1.5 GiB requested, 18 core hours and 36 GiB hours so far)');
  expect(findings[0]?.next).toBe('aweigh health clean-up account-service -n default --dry-run');
});

test.for([
  { spec: {}, status: waitingFor({ kind: 'approval', state: 'Waiting' }, '2026-01-01T23:00:00Z'), waitsFor: 'approval', next: 'aweigh release approve account-service -n default' },
  { spec: { paused: true }, status: { phase: 'Progressing' as const, startedAt: '2026-01-01T23:00:00Z' }, waitsFor: 'person', next: 'aweigh release resume account-service -n default' },
  { spec: {}, status: { phase: 'Pending' as const, startedAt: '2026-01-01T23:00:00Z', conditions: [waitsAs('Frozen')] }, waitsFor: 'freeze', next: 'aweigh release status account-service -n default' },
  { spec: {}, status: { phase: 'Pending' as const, startedAt: '2026-01-01T23:00:00Z', conditions: [waitsAs('TrackTaken')] }, waitsFor: 'queue', next: 'aweigh release status account-service -n default' },
  { spec: {}, status: { phase: 'Pending' as const, startedAt: '2026-01-01T23:00:00Z', conditions: [waitsAs('NoPlace')] }, waitsFor: 'queue', next: 'aweigh release status account-service -n default' },
])('a release that waits says for what and since when: $waitsFor', ({ spec, status, waitsFor, next }) => {
  expect(judge(managed({ releases: [releaseWith(status, spec)] })).releases).toMatchObject([{ name: 'account-service-v2', waitsFor, since: Date.parse('2026-01-01T23:00:00Z'), next }]);
});

test('the worst service comes first', () => {
  const states = rankServices([judge(managed({})), judge(managed({ routers: 3 })), judge(managed({ routers: 0 }))]).map((s) => s.state);
  expect(states).toEqual(['critical', 'warning', 'healthy']);
});
