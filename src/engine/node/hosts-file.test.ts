import { expect, test } from 'vitest';
import type { PodSpec } from '../../kubernetes/types.generated.ts';
import { hostsFile } from './hosts-file.ts';

const machine = '127.0.0.1 localhost\n10.0.0.9 registry # ours\n';
const dns = { address: '10.96.0.10', port: 10053, domain: 'cluster.local', onPort53: true };
const file = (spec: Partial<PodSpec>, of: typeof dns | undefined = dns): string | undefined => hostsFile({ metadata: { name: 'web-1', namespace: 'shop' }, spec: { containers: [], ...spec } }, '10.244.0.7', of, machine);
const aliases = [{ ip: '10.1.1.1', hostnames: ['db', 'db.internal'] }];

test.for([
  { when: 'a pod', spec: {}, lines: ['# Kubernetes-managed hosts file.', '10.244.0.7\tweb-1', '10.0.0.9 registry'] },
  { when: 'a pod of a headless Service', spec: { hostname: 'one', subdomain: 'web' }, lines: ['10.244.0.7\tone.web.shop.svc.cluster.local\tone'] },
  { when: 'a pod with aliases', spec: { hostAliases: aliases }, lines: ['10.244.0.7\tweb-1', '10.1.1.1\tdb\tdb.internal', '10.0.0.9 registry'] },
  { when: 'a pod of the machine\'s network with aliases', spec: { hostNetwork: true, hostAliases: aliases }, lines: ['127.0.0.1 localhost', '10.1.1.1\tdb\tdb.internal'] },
])('$when has its names', ({ spec, lines }) => {
  expect(file(spec)?.split('\n')).toEqual(expect.arrayContaining(lines));
});

test('the machine\'s own file is seen in its network, and where the cluster answers no names', () => {
  expect(file({ hostNetwork: true })).toBeUndefined();
  expect(file({}, { ...dns, onPort53: false })).toBeUndefined();
  expect(hostsFile({ spec: { containers: [], hostAliases: aliases } }, '127.64.0.3', undefined, machine)).toContain('10.1.1.1\tdb');
});
