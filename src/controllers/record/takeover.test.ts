import { expect, test } from 'vitest';
import { TAKEN_OVER, type Router, type RouterSpec } from '../../api/router/router.ts';
import { takeoverOf, type Takeover } from './takeover.ts';

type Provider = RouterSpec['provider'];
const GATEWAY = { parentRefs: [{ name: 'edge' }] };
const ROUTED: Router['status'] = { pods: [{ name: 'r', observedGeneration: 1, at: '' }], gateways: [{ name: 'g', observedGeneration: 1, at: '' }] };
const router = (provider: Provider, leaving?: Provider, takenOverAt?: number, routed = ROUTED): Router => ({
  metadata: { generation: 3 },
  spec: { application: 'a', provider, ...(leaving && { leaving }), gateway: GATEWAY, port: 80, userId: {}, defaultSegment: 'PAID', backends: [], routes: [], production: { seed: 's' } },
  status: { ...routed, ...(takenOverAt === undefined ? {} : { conditions: [{ type: TAKEN_OVER, status: 'True', reason: 'Routes', message: '', lastTransitionTime: '', observedGeneration: takenOverAt }] }) },
});

test.for<{ when: string; wanted: Provider; live?: Router; then?: Takeover }>([
  { when: 'nothing routed yet', wanted: 'gateway-api' },
  { when: 'it stays as it is', wanted: 'haproxy', live: router('haproxy') },
  { when: 'one kind of pods follows another', wanted: 'builtin', live: router('haproxy') },
  { when: 'Gateways come for routers', wanted: 'gateway-api', live: router('haproxy'), then: { leaving: 'haproxy' } },
  { when: 'they do not route yet', wanted: 'gateway-api', live: router('gateway-api', 'haproxy'), then: { leaving: 'haproxy' } },
  { when: 'they routed an older generation', wanted: 'gateway-api', live: router('gateway-api', 'haproxy', 2), then: { leaving: 'haproxy' } },
  { when: 'they route', wanted: 'gateway-api', live: router('gateway-api', 'haproxy', 3) },
  { when: 'routers come for Gateways', wanted: 'builtin', live: router('gateway-api'), then: { leaving: 'gateway-api', gateway: GATEWAY } },
  { when: 'somebody changes his mind before any Gateway routed', wanted: 'haproxy', live: router('gateway-api', 'haproxy', undefined, { pods: [{ name: 'r', observedGeneration: 1, at: '' }], gateways: [] }) },
  { when: 'somebody changes his mind before any router ran', wanted: 'gateway-api', live: router('haproxy', 'gateway-api', undefined, { gateways: [{ name: 'g', observedGeneration: 1, at: '' }] }) },
  { when: 'Gateways that only led to the routers are no other kind', wanted: 'haproxy', live: router('gateway-api', undefined, undefined, { gateways: [{ name: 'g', observedGeneration: 1, at: '', to: 'routers' }] }) },
  { when: 'somebody changes his mind halfway', wanted: 'haproxy', live: router('gateway-api', 'haproxy'), then: { leaving: 'gateway-api', gateway: GATEWAY } },
  { when: 'another kind of pods is chosen halfway', wanted: 'builtin', live: router('haproxy', 'gateway-api'), then: { leaving: 'gateway-api', gateway: GATEWAY } },
])('what routes goes on until what comes has taken over: $when', ({ wanted, live, then }) => {
  expect(takeoverOf(wanted, live)).toEqual(then);
});
