import { createHash } from 'node:crypto';
import { controllerReference } from '../../../kubernetes/owner-reference.ts';
import { canonicalJson, semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { Endpoint, EndpointAddress, EndpointSlice, EndpointSubset, Endpoints, Service } from '../../../kubernetes/types.generated.ts';
import { managedByLabel, serviceNameLabel } from './observe.ts';
import type { AddressFamily } from './pod-endpoint.ts';
import type { EndpointAction } from './reconcile.ts';

export const mirroredBy = 'endpointslicemirroring-controller.k8s.io';

const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const maxPerSubset = 1_000;

export interface MirrorObserved {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  /** Those that mirror this Endpoints. */
  readonly slices: readonly EndpointSlice[];
}

/** Which slices show an Endpoints. The rules are those of the EndpointSlices page of the Kubernetes documentation. */
export function mirror({ service, endpoints, slices }: MirrorObserved): readonly EndpointAction[] {
  const wanted = endpoints !== undefined && service !== undefined && isMirrored(service, endpoints) ? slicesOf(endpoints) : [];
  const names = new Set(wanted.map((s) => s.metadata?.name));
  return [
    // What serves is told before what no longer serves is taken away.
    ...wanted.flatMap((slice): EndpointAction[] => {
      const there = slices.find((s) => s.metadata?.name === slice.metadata?.name);
      if (there === undefined) return [{ type: 'create', slice }];
      const same = semanticEqual(contentOf(there), contentOf(slice));
      return same ? [] : [{ type: 'update', slice: { ...slice, metadata: { ...slice.metadata, resourceVersion: there.metadata?.resourceVersion } } }];
    }),
    ...slices.filter((s) => !names.has(s.metadata?.name)).map((slice): EndpointAction => ({ type: 'delete', slice })),
  ];
}

const contentOf = ({ endpoints, ports, metadata }: EndpointSlice): unknown => [endpoints, ports, metadata?.labels, metadata?.annotations ?? {}];

function isMirrored(service: Service, { metadata }: Endpoints): boolean {
  return Object.keys(service.spec?.selector ?? {}).length === 0 && metadata?.labels?.[skipLabel] !== 'true' && metadata?.annotations?.[leaderAnnotation] === undefined && metadata?.deletionTimestamp === undefined;
}

function slicesOf(endpoints: Endpoints): EndpointSlice[] {
  const merged = new Map<string, EndpointSlice>();
  for (const subset of endpoints.subsets ?? []) {
    for (const family of ['IPv4', 'IPv6'] as const) {
      const of = endpointsOf(subset, family);
      if (of.length === 0) continue;
      const slice = sliceOf(endpoints, subset, family, of);
      const before = merged.get(slice.metadata?.name ?? '');
      // Two subsets with the same ports are one.
      if (before === undefined) merged.set(slice.metadata?.name ?? '', slice);
      else before.endpoints.push(...of);
    }
  }
  return [...merged.values()];
}

function sliceOf(endpoints: Endpoints, subset: EndpointSubset, family: AddressFamily, of: Endpoint[]): EndpointSlice {
  const { name = '', namespace, uid, labels, annotations } = endpoints.metadata ?? {};
  const ports = (subset.ports ?? []).map((p) => ({ name: p.name ?? '', port: p.port, protocol: p.protocol ?? 'TCP', ...(p.appProtocol === undefined ? {} : { appProtocol: p.appProtocol }) }));
  const suffix = createHash('sha256').update(`${uid}${family}${canonicalJson(ports)}`).digest('hex').slice(0, 5);
  const { [lastApplied]: _, ...kept } = annotations ?? {};
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${suffix}`, namespace, labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroredBy }, ...(Object.keys(kept).length > 0 && { annotations: kept }),
      ownerReferences: [controllerReference(endpoints, 'v1', 'Endpoints')],
    },
    addressType: family, endpoints: of, ports,
  };
}

function endpointsOf(subset: EndpointSubset, family: AddressFamily): Endpoint[] {
  const as = (ready: boolean) => (address: EndpointAddress): Endpoint => ({
    addresses: [address.ip], conditions: { ready },
    ...(address.hostname === undefined ? {} : { hostname: address.hostname }), ...(address.nodeName === undefined ? {} : { nodeName: address.nodeName }), ...(address.targetRef === undefined ? {} : { targetRef: address.targetRef }),
  });
  return [...(subset.addresses ?? []).map(as(true)), ...(subset.notReadyAddresses ?? []).map(as(false))].filter((e) => (e.addresses[0] ?? '').includes(':') === (family === 'IPv6')).slice(0, maxPerSubset);
}
