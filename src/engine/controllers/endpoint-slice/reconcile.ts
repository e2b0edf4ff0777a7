import { createHash } from 'node:crypto';
import { controllerReference } from '../../../kubernetes/owner-reference.ts';
import { canonicalJson, semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointAddress, EndpointSlice, EndpointSubset, Endpoints, Service } from '../../../kubernetes/types.generated.ts';
import { managedBy, managedByLabel, serviceNameLabel, type ServiceObserved } from './observe.ts';
import { endpointOf, portsOf, type AddressFamily } from './pod-endpoint.ts';

export type EndpointAction =
  | { readonly type: 'create' | 'update' | 'delete'; readonly slice: EndpointSlice }
  | { readonly type: 'createEndpoints' | 'updateEndpoints' | 'deleteEndpoints'; readonly endpoints: Endpoints };

const maxPerSlice = 100;
const maxPerEndpoints = 1_000;
const endpointsManagedBy = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };

interface Group {
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: Endpoint[];
}

export function reconcile(observed: ServiceObserved): readonly EndpointAction[] {
  const { service, slices } = observed;
  if (service === undefined || service.metadata?.deletionTimestamp !== undefined) return leftovers(observed);
  const families = (service.spec?.ipFamilies ?? ['IPv4']) as AddressFamily[];
  const wanted = families.flatMap((family) => slicesOf(observed, service, family));
  const names = new Set(wanted.map((s) => s.metadata?.name));
  return [
    // What serves is told before what no longer serves is taken away.
    ...wanted.flatMap((slice): EndpointAction[] => {
      const there = slices.find((s) => s.metadata?.name === slice.metadata?.name);
      if (there === undefined) return [{ type: 'create', slice }];
      return sameSlice(there, slice) ? [] : [{ type: 'update', slice: { ...slice, metadata: { ...slice.metadata, resourceVersion: there.metadata?.resourceVersion, annotations: there.metadata?.annotations } } }];
    }),
    ...slices.filter((s) => !names.has(s.metadata?.name)).map((slice): EndpointAction => ({ type: 'delete', slice })),
    ...endpointsActions(observed, service, families[0] ?? 'IPv4'),
  ];
}

function leftovers({ service, slices, endpoints }: ServiceObserved): EndpointAction[] {
  const own = service === undefined && endpoints?.metadata?.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
  return [...slices.map((slice): EndpointAction => ({ type: 'delete', slice })), ...(own ? [{ type: 'deleteEndpoints' as const, endpoints }] : [])];
}

function groups(observed: ServiceObserved, service: Service, family: AddressFamily): Group[] {
  const byPorts = new Map<string, Group>();
  for (const pod of observed.pods.toSorted((a, b) => compare(a.metadata?.name, b.metadata?.name))) {
    const endpoint = endpointOf(service, pod, family);
    if (endpoint === undefined) continue;
    const ports = portsOf(service, pod);
    const id = canonicalJson(ports);
    const group = byPorts.get(id) ?? { ports, endpoints: [] };
    group.endpoints.push(endpoint);
    byPorts.set(id, group);
  }
  return [...byPorts.values()];
}

function slicesOf(observed: ServiceObserved, service: Service, family: AddressFamily): EndpointSlice[] {
  const found = groups(observed, service, family);
  // A Service without pods has one empty slice, so that readers can tell 'none' from 'not yet known'.
  if (found.length === 0) return [sliceOf(service, family, [], [], 'empty')];
  return found.flatMap(({ ports, endpoints }) => {
    const count = Math.ceil(endpoints.length / maxPerSlice);
    return Array.from({ length: count }, (_, i) => sliceOf(service, family, ports, endpoints.slice(i * maxPerSlice, (i + 1) * maxPerSlice), `${canonicalJson(ports)}#${i}`));
  });
}

/** The name follows from the content's group, so that writing twice cannot make two. */
function sliceOf(service: Service, family: AddressFamily, ports: readonly DiscoveryV1EndpointPort[], endpoints: readonly Endpoint[], id: string): EndpointSlice {
  const name = service.metadata?.name ?? '';
  const suffix = createHash('sha256').update(`${service.metadata?.uid}${family}${id}`).digest('hex').slice(0, 5);
  const headless: Record<string, string> = service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`,
      namespace: service.metadata?.namespace,
      labels: { ...service.metadata?.labels, ...headless, [serviceNameLabel]: name, [managedByLabel]: managedBy },
      ownerReferences: [controllerReference(service, 'v1', 'Service')],
    },
    addressType: family,
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  return semanticEqual([a.endpoints, a.ports, a.metadata?.labels], [b.endpoints, b.ports, b.metadata?.labels]);
}

function endpointsActions(observed: ServiceObserved, service: Service, family: AddressFamily): EndpointAction[] {
  const headless: Record<string, string> = service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  const labels = { ...service.metadata?.labels, ...headless, ...endpointsManagedBy };
  const subsets = groups(observed, service, family).flatMap(subsetOf);
  const there = observed.endpoints;
  const endpoints: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: service.metadata?.name, namespace: service.metadata?.namespace, labels, annotations: there?.metadata?.annotations, resourceVersion: there?.metadata?.resourceVersion },
    subsets,
  };
  if (there === undefined) return [{ type: 'createEndpoints', endpoints }];
  return semanticEqual([there.subsets, there.metadata?.labels], [subsets, labels]) ? [] : [{ type: 'updateEndpoints', endpoints }];
}

function subsetOf({ ports, endpoints }: Group): EndpointSubset[] {
  const address = (e: Endpoint): EndpointAddress => ({ ip: e.addresses[0] ?? '', hostname: e.hostname, nodeName: e.nodeName, targetRef: e.targetRef });
  const live = endpoints.slice(0, maxPerEndpoints).filter((e) => e.conditions?.terminating !== true);
  if (live.length === 0) return [];
  return [
    {
      addresses: live.filter((e) => e.conditions?.ready === true).map(address),
      notReadyAddresses: live.filter((e) => e.conditions?.ready !== true).map(address),
      ports: ports.map((p) => ({ name: p.name === '' ? undefined : p.name, port: p.port ?? 0, protocol: p.protocol, appProtocol: p.appProtocol })),
    },
  ];
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
