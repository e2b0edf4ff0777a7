import { expect, test } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { Router } from '../../api/router/router.ts';
import type { Deployment, PodDisruptionBudget, Service } from '../../kubernetes/types.generated.ts';
import { render, routerSpec } from './render.ts';

const application: Application = {
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    template: { spec: { containers: [{ name: 'app', image: '${image}' }] } },
    ports: [{ name: 'http', port: 8080 }],
    tracks: [{ name: 'free', replicas: 2, segment: 'FREE', percent: 0, users: { include: ['bob', 'ada'], exclude: ['eve'] } }, { name: 'production', replicas: 3 }],
  },
};
const builds = new Map<string, Build>(['v1', 'v2'].map((version) => [`shop-${version}`, { metadata: { name: `shop-${version}` }, spec: { application: 'shop', version, image: `shop@sha256:${version}` } }]));

function delivery(free: Partial<Delivery['spec']['tracks'][number]>): Delivery {
  return {
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      application: 'shop', router: { replicas: 2 }, change: { actor: 'ada', reason: 'Shift', message: 'shift' },
      tracks: [{ name: 'free', percent: 0, builds: [{ build: 'shop-v2', replicas: 2 }], ...free }, { name: 'production', serving: 'shop-v1', percent: 100, builds: [{ build: 'shop-v1', replicas: 3 }] }],
    },
  };
}

const freeRoute = (held: Parameters<typeof delivery>[0]) => routerSpec({ application, delivery: delivery(held), builds, provider: 'haproxy' }).routes[0];

test('listed users reach the version that serves whatever its share, those listed as out never', () => {
  expect(freeRoute({ serving: 'shop-v2' })).toMatchObject({ backend: 'free-v2', share: 0, include: ['ada', 'bob'], exclude: ['eve'] });
});

test('users listed on the last track are told with production, for its steps', () => {
  const [free, production] = application.spec.tracks;
  const stepped: Application = { ...application, spec: { ...application.spec, tracks: [free!, { ...production!, steps: [{ percent: 5 }], users: { include: ['zoe', 'ada'], exclude: ['eve'] } }] } };
  expect(routerSpec({ application: stepped, delivery: delivery({}), builds, provider: 'haproxy' }).production).toEqual({ backend: 'production-v1', include: ['ada', 'zoe'], exclude: ['eve'], seed: 'shop/PRODUCTION' });
  expect(routerSpec({ application, delivery: delivery({}), builds, provider: 'haproxy' }).production).not.toHaveProperty('include');
});

test('nobody reaches a track that serves nothing or is closed, listed users neither', () => {
  expect(freeRoute({})).not.toHaveProperty('include');
  expect(freeRoute({ serving: 'shop-v2', percent: 50, closed: true })).toEqual({ segment: 'FREE', backend: 'free-v2', share: 0, exclude: ['eve'], strict: false, seed: 'shop/FREE' });
});

test('each held Build has its own unchangeable copies of ConfigMaps, and its pods read those', () => {
  const reading: Application = { ...application, spec: { ...application.spec, template: { spec: { containers: [{ name: 'app', image: '${image}', envFrom: [{ configMapRef: { name: 'settings' } }] }] } } } };
  const configured = new Map([...builds].map(([name, build]) => [name, { ...build, spec: { ...build.spec, config: { configMaps: [{ name: 'settings', digest: `${build.spec.version}23456789abcdef`, data: { version: build.spec.version } }] } } }]));
  const objects = render({ application: reading, delivery: delivery({}), builds: configured, provider: 'builtin', renderer: { podTemplate: () => ({}), configMapData: () => ({}) } });
  expect(objects.filter((o) => o.kind === 'ConfigMap').map((o) => o.metadata?.name)).toEqual(['shop-haproxy', 'settings-v223456789', 'settings-v123456789']);
  expect(objects.find((o) => o.metadata?.name === 'settings-v123456789')).toMatchObject({ immutable: true, data: { version: 'v1' } });
  expect(objects.find((o) => o.kind === 'Deployment' && o.metadata?.name === 'shop-canary-v2')).toMatchObject({ spec: { template: { spec: { containers: [{ envFrom: [{ configMapRef: { name: 'settings-v223456789' } }] }] } } } });
});

test('tracks and routers spread over nodes, and nobody who drains a node goes below a floor; one pod alone has no budget', () => {
  const objects = render({ application, delivery: delivery({ serving: 'shop-v2' }), builds, provider: 'builtin', renderer: { podTemplate: () => ({ spec: { containers: [] } }), configMapData: () => ({}) } });
  expect(objects.filter((o) => o.kind === 'PodDisruptionBudget').map((o) => [o.metadata?.name, (o as PodDisruptionBudget).spec?.minAvailable])).toEqual([['shop-canary', 1], ['shop-production', 2], ['shop-haproxy', 1]]);
  for (const deployment of objects.filter((o) => o.kind === 'Deployment') as Deployment[]) {
    expect(deployment.spec?.template.spec?.topologySpreadConstraints).toMatchObject([{ topologyKey: 'kubernetes.io/hostname', labelSelector: deployment.spec?.selector }, { topologyKey: 'topology.kubernetes.io/zone' }]);
  }
  const single = render({ application, delivery: { ...delivery({}), spec: { ...delivery({}).spec, router: { replicas: 1 } } }, builds, provider: 'builtin', renderer: { podTemplate: () => ({}), configMapData: () => ({}) } });
  expect(single.filter((o) => o.kind === 'PodDisruptionBudget').map((o) => o.metadata?.name)).toEqual(['shop-production']);
});

test('where Gateways route there is no router, and a Service without endpoints for what is to be refused', () => {
  const gateway = { parentRefs: [{ name: 'edge' }] };
  const ports = [{ name: 'http', port: 8080, appProtocol: 'grpc' }];
  const objects = render({ application: { ...application, spec: { ...application.spec, ports, router: { kind: 'gateway-api', gateway } } }, delivery: { ...delivery({}), spec: { ...delivery({}).spec, router: { replicas: 0 } } }, builds, provider: 'gateway-api' });
  expect(objects.filter((o) => o.metadata?.name === 'shop-haproxy').map((o) => [o.kind, (o as Router).spec.provider, (o as Router).spec.gateway])).toEqual([['Router', 'gateway-api', gateway]]);
  expect(objects.find((o) => o.metadata?.name === 'shop-refused')).toMatchObject({ kind: 'Service', spec: { selector: { 'aweigh.dev/refused': 'shop' }, ports: [{ port: 8080 }] } });
  // Gateways know no other word for it.
  expect(new Set(objects.flatMap((o) => (o.kind === 'Service' ? ((o as Service).spec?.ports ?? []) : [])).map((p) => p.appProtocol))).toEqual(new Set(['kubernetes.io/h2c']));
});
