import { expect, test } from 'vitest';
import type { PodSpec } from '../../kubernetes/types.generated.ts';
import { resolvConf, type ClusterDns } from './resolv-conf.ts';

const dns: ClusterDns = { address: '10.96.0.10', port: 10_053, domain: 'cluster.local', onPort53: true };
const machine = '# comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nsearch example.org\noptions edns0\n';
const of = (spec: Partial<PodSpec>, known: ClusterDns | undefined = dns): string | undefined => resolvConf({ metadata: { namespace: 'shop' }, spec: { containers: [], ...spec } }, known, machine);

test.for([
  { when: "nothing is said: the cluster's names first, then the machine's servers", spec: {}, is: 'nameserver 10.96.0.10\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch shop.svc.cluster.local svc.cluster.local cluster.local example.org\noptions ndots:5 edns0\n' },
  { when: 'Default', spec: { dnsPolicy: 'Default' as const }, is: undefined },
  { when: "it shares the machine's network", spec: { hostNetwork: true }, is: undefined },
  { when: 'None, with its own', spec: { dnsPolicy: 'None' as const, dnsConfig: { nameservers: ['192.0.2.9'], searches: ['a.b'], options: [{ name: 'ndots', value: '1' }, { name: 'rotate' }] } }, is: 'nameserver 192.0.2.9\nsearch a.b\noptions ndots:1 rotate\n' },
  { when: 'options of its own win', spec: { dnsConfig: { options: [{ name: 'ndots', value: '2' }] } }, is: 'nameserver 10.96.0.10\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch shop.svc.cluster.local svc.cluster.local cluster.local example.org\noptions ndots:2 edns0\n' },
])('a pod finds names: $when', ({ spec, is }) => expect(of(spec)).toBe(is));

test('where the cluster answers on a high port alone, resolv.conf stays the machine\'s', () => expect(of({}, { ...dns, onPort53: false })).toBeUndefined());
