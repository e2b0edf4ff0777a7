import { expect, test } from 'vitest';
import type { Pod, Service } from '../../../kubernetes/types.generated.ts';
import { reconcile } from './reconcile.ts';

const service: Service = { metadata: { name: 'web', namespace: 'n', uid: 's', labels: { tier: 'service' } }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ipFamilies: ['IPv4'] } };
const pod = (name: string, ip: string, more: { ready?: boolean; going?: boolean; port?: number; phase?: string } = {}): Pod =>
  ({
    metadata: { name, namespace: 'n', uid: name, ...(more.going === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: more.port ?? 8080 }] }] },
    status: { phase: more.phase ?? 'Running', podIPs: [{ ip }], conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
  }) as Pod;
const slicesFor = (pods: Pod[]) => reconcile({ service, pods, slices: [], endpoints: undefined }).flatMap((a) => (a.type === 'create' ? [a.slice] : []));

test.for([
  { when: 'a pod serves', pods: [pod('a', '10.0.0.1')], then: { ready: true, serving: true, terminating: false } },
  { when: 'a pod is not ready', pods: [pod('a', '10.0.0.1', { ready: false })], then: { ready: false, serving: false, terminating: false } },
  { when: 'a pod goes while it still serves', pods: [pod('a', '10.0.0.1', { going: true })], then: { ready: false, serving: true, terminating: true } },
])('$when', ({ pods, then }) => expect(slicesFor(pods)[0]?.endpoints[0]?.conditions).toEqual(then));

test('pods that resolve a named port differently stand in slices of their own', () => {
  const slices = slicesFor([pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { port: 9090 })]);
  expect(slices.map((s) => [s.ports?.[0]?.port, s.endpoints.map((e) => e.addresses[0])])).toEqual([[8080, ['10.0.0.1']], [9090, ['10.0.0.2']]]);
});

test('a slice holds at most 100 endpoints, carries the labels of its Service, and a pod that has ended is in none', () => {
  const pods = Array.from({ length: 120 }, (_, i) => pod(`p${1000 + i}`, `10.0.1.${i}`));
  const slices = slicesFor([...pods, pod('done', '10.0.2.1', { phase: 'Succeeded' })]);
  expect(slices.map((s) => s.endpoints.length)).toEqual([100, 20]);
  expect(slices[0]?.metadata?.labels).toMatchObject({ tier: 'service', 'kubernetes.io/service-name': 'web' });
});

test('what is written already is not written again', () => {
  const first = reconcile({ service, pods: [pod('a', '10.0.0.1')], slices: [], endpoints: undefined });
  const slices = first.flatMap((a) => (a.type === 'create' ? [a.slice] : []));
  const endpoints = first.flatMap((a) => (a.type === 'createEndpoints' ? [a.endpoints] : []))[0];
  expect(reconcile({ service, pods: [pod('a', '10.0.0.1')], slices, endpoints })).toEqual([]);
});
