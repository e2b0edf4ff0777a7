import { expect, test } from 'vitest';
import type { Endpoints, EndpointSlice, Service } from '../../../kubernetes/types.generated.ts';
import { mirror } from './mirror.ts';

const service: Service = { metadata: { name: 'db', namespace: 'n' }, spec: { ports: [{ port: 5432 }] } };
const endpoints = (more: Partial<Endpoints> = {}): Endpoints => ({ metadata: { name: 'db', namespace: 'n', uid: 'e', ...more.metadata }, subsets: more.subsets ?? [{ addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [{ name: 'sql', port: 5432 }] }] });
const made = (of: Endpoints | undefined, by: Service | undefined = service, slices: EndpointSlice[] = []) => mirror({ service: by, endpoints: of, slices });
const slicesOf = (of: Endpoints): EndpointSlice[] => made(of).flatMap((a) => (a.type === 'create' ? [a.slice] : []));

test('an Endpoints that somebody wrote is shown as a slice, with who is ready and who is not', () => {
  expect(slicesOf(endpoints())).toMatchObject([{
    addressType: 'IPv4', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }, { addresses: ['10.0.0.2'], conditions: { ready: false } }],
    metadata: { namespace: 'n', labels: { 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' }, ownerReferences: [{ kind: 'Endpoints', name: 'db' }] },
  }]);
});

test('each family and each set of ports has a slice, and subsets of the same ports share one', () => {
  const slices = slicesOf(endpoints({ subsets: [
    { addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }] },
    { addresses: [{ ip: '10.0.0.2' }], ports: [{ port: 80 }] },
    { addresses: [{ ip: '10.0.0.3' }], ports: [{ port: 81 }] },
  ] }));
  expect(slices.map((s) => [s.addressType, s.ports?.[0]?.port, s.endpoints.flatMap((e) => e.addresses)])).toEqual([['IPv4', 80, ['10.0.0.1', '10.0.0.2']], ['IPv6', 80, ['fd00::1']], ['IPv4', 81, ['10.0.0.3']]]);
});

test('a change is written into the slice that is there, nothing twice, and a deletion takes it away', () => {
  const [slice] = slicesOf(endpoints());
  expect(made(endpoints(), service, [slice!])).toEqual([]);
  expect(made(endpoints({ subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ name: 'sql', port: 5432 }] }] }), service, [slice!])).toMatchObject([{ type: 'update', slice: { metadata: { name: slice!.metadata!.name }, endpoints: [{ addresses: ['10.0.0.9'] }] } }]);
  expect(made(undefined, service, [slice!])).toEqual([{ type: 'delete', slice }]);
});

test.for([
  { when: 'there is no Service', of: endpoints(), by: undefined },
  { when: 'the Service selects pods', of: endpoints(), by: { ...service, spec: { selector: { app: 'db' } } } },
  { when: 'its label says so', of: endpoints({ metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } }), by: service },
  { when: 'it elects a leader', of: endpoints({ metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } } }), by: service },
])('nothing is mirrored where $when', ({ of, by }) => {
  expect(mirror({ service: by, endpoints: of, slices: [] })).toEqual([]);
});
