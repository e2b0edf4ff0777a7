import { expect, test } from 'vitest';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { reconcile, wavesOf, type Applied, type RecordState } from './reconcile.ts';

const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { selector: { version: 'v1' } } } as KubernetesObject;
const live = (selector: string, resourceVersion = '10'): ReadonlyMap<string, KubernetesObject> => new Map([['Service/shop', { ...service, metadata: { name: 'shop', resourceVersion }, spec: { selector: { version: selector } } } as KubernetesObject]]);
const applied = (resourceVersion: string): ReadonlyMap<string, Applied> => new Map([['Service/shop', { wanted: service, resourceVersion, rewritten: new Set<string>() }]]);

function delivery(generation: number, observedGeneration: number | undefined): Delivery {
  return { metadata: { name: 'shop', generation }, spec: { application: 'shop', tracks: [], router: { replicas: 4 }, change: { actor: 'a', reason: 'ScaleUp', message: '' } }, status: observedGeneration === undefined ? {} : { observedGeneration } };
}

const state = (over: Partial<RecordState>): RecordState => ({ delivery: delivery(1, 1), wanted: [service], live: live('v1'), behind: 'nothing', driftPolicy: 'mend', applied: new Map(), changed: new Set(), ...over });
const steps = (over: Partial<RecordState>): string[] => reconcile(state(over)).map((a) => (a.type === 'apply' ? `apply ${a.reason}` : a.type));

test.for<{ when: string; over: Partial<RecordState>; then: string[] }>([
  { when: 'all is as the record says', over: {}, then: [] },
  { when: 'a new Delivery: the commit comes before the cluster', over: { delivery: delivery(2, 1), behind: 'specs', live: live('v0') }, then: ['commit', 'apply Changed', 'observed'] },
  { when: 'a release has moved and nothing else', over: { behind: 'story' }, then: ['commit'] },
  { when: 'killed between commit and apply', over: { delivery: delivery(2, 1), live: live('v0') }, then: ['apply Changed', 'observed'] },
  { when: 'killed before the status', over: { delivery: delivery(2, 1) }, then: ['observed'] },
  { when: 'a person edited the cluster', over: { live: live('v9', '12'), applied: applied('11') }, then: ['apply Drifted'] },
  { when: 'a person edited the cluster and that is only reported', over: { driftPolicy: 'report', live: live('v9', '12'), applied: applied('11') }, then: ['report'] },
  { when: 'what may not be adopted is mended', over: { driftPolicy: 'adopt', live: live('v9', '12'), applied: applied('11') }, then: ['apply Drifted'] },
  { when: 'the informer has not yet seen our own write', over: { live: live('v0', '10'), applied: applied('11') }, then: [] },
  { when: 'an object was deleted', over: { live: new Map() }, then: ['apply Missing'] },
  { when: 'an object is not in the record', over: { wanted: [] }, then: ['prune'] },
])('$when', ({ over, then }) => expect(steps(over)).toEqual(then));

const objects = (['Service', 'ConfigMap', 'Deployment', 'Router'] as const).map((kind) => ({ kind, metadata: { name: 'shop' }, spec: { wanted: 1 } }) as KubernetesObject);
const there = (kinds: readonly string[]): ReadonlyMap<string, KubernetesObject> => new Map(kinds.map((kind) => [`${kind}/shop`, { kind, metadata: { name: 'shop', resourceVersion: '10' }, spec: { wanted: 0 } } as KubernetesObject]));

test.for<{ when: string; kinds: readonly string[]; then: string[] }>([
  { when: 'all is there that the Router names: weight first', kinds: ['Service', 'ConfigMap', 'Deployment', 'Router'], then: ['commit', 'Router', 'Service ConfigMap', 'Deployment', 'observed'] },
  { when: 'something is missing: the Router comes last', kinds: ['ConfigMap', 'Deployment', 'Router'], then: ['commit', 'Service ConfigMap', 'Deployment', 'Router', 'observed'] },
])('$when', ({ kinds, then }) => {
  const actions = reconcile(state({ delivery: delivery(2, 1), behind: 'specs', wanted: objects, live: there(kinds) }));
  expect(wavesOf(actions).map((wave) => wave.map((a) => ('object' in a ? a.object.kind : a.type)).join(' '))).toEqual(then);
});

test('a version is not kept waiting for its own Service, which has no address that its pods could read', () => {
  const version = { kind: 'Service', metadata: { name: 'shop-v2', labels: { tier: 'version' } } } as KubernetesObject;
  const actions = reconcile(state({ delivery: delivery(2, 1), behind: 'specs', wanted: [...objects.slice(0, 2), version, ...objects.slice(2)], live: new Map() }));
  expect(wavesOf(actions).map((wave) => wave.map((a) => ('object' in a ? a.object.metadata?.name + ' ' + a.object.kind : a.type)))).toEqual([
    ['commit'], ['shop Service', 'shop ConfigMap'], ['shop-v2 Service', 'shop Deployment'], ['shop Router'], ['observed'],
  ]);
});
