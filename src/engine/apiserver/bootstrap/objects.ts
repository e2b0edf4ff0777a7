import type { KubernetesObject } from '../../../client/resource.ts';

/** An object that must exist once the server is ready. */
export interface BootstrapObject {
  readonly storage: string;
  readonly object: KubernetesObject;
}

/** Namespaces, the range of ClusterIPs, and the `kubernetes` Service. @param clusterIP the first address of the range
 *  @param now RFC 3339 */
export function bootstrapObjects(serviceCidr: string, clusterIP: string, port: number, now: string): BootstrapObject[] {
  const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name): BootstrapObject => ({
    storage: '/namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } } as KubernetesObject,
  }));
  const service: BootstrapObject = {
    storage: '/services',
    object: {
      apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP, clusterIPs: [clusterIP], internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', sessionAffinity: 'None', type: 'ClusterIP',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
      },
      status: { loadBalancer: {} },
    } as KubernetesObject,
  };
  const range: BootstrapObject = {
    storage: 'networking.k8s.io/servicecidrs',
    object: {
      apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'kubernetes' }, spec: { cidrs: [serviceCidr] },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'Served', message: 'ClusterIPs are taken from this range', lastTransitionTime: now }] },
    } as KubernetesObject,
  };
  return [...namespaces, range, service];
}

/** Where the API server listens, as the `kubernetes` Service's endpoints. Written at each start, as the port may change. */
export function apiEndpoints(host: string, port: number): BootstrapObject[] {
  const metadata = { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } };
  return [
    { storage: '/endpoints', object: { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses: [{ ip: host }], ports: [{ name: 'https', port, protocol: 'TCP' }] }] } as KubernetesObject },
    {
      storage: 'discovery.k8s.io/endpointslices',
      object: {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4', endpoints: [{ addresses: [host], conditions: { ready: true } }], ports: [{ name: 'https', port, protocol: 'TCP' }],
      } as KubernetesObject,
    },
  ];
}
