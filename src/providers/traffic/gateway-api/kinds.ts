import type { Condition } from '../../../api/group.ts';
import { resource, type KubernetesObject } from '../../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../../kubernetes/types.generated.ts';

/** What of the Gateway API is read and written here: https://gateway-api.sigs.k8s.io/reference/spec */
export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

export interface ParentReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface HeaderMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

export interface BackendReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly port: number;
  readonly weight: number;
}

export interface HttpRouteRule {
  readonly matches: readonly { readonly path: { readonly type: 'PathPrefix'; readonly value: string }; readonly headers?: readonly HeaderMatch[] }[];
  /** Empty: a filter answers. */
  readonly backendRefs: readonly BackendReference[];
  /** Aweigh sets none but for its probes. */
  readonly filters?: readonly object[];
}

export interface HttpRoute extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: { readonly parentRefs: readonly ParentReference[]; readonly hostnames?: readonly string[]; readonly rules: readonly HttpRouteRule[] };
  status?: { readonly parents?: readonly ParentStatus[] };
}

export interface ParentStatus {
  readonly parentRef: Partial<ParentReference> & { readonly name: string };
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface Gateway extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: { readonly gatewayClassName: string; readonly listeners: readonly object[] };
  status?: { readonly conditions?: readonly Condition[] };
}

export const HttpRoutes = resource<HttpRoute>(GATEWAY_GROUP, 'v1', 'httproutes', 'HTTPRoute');
export const Gateways = resource<Gateway>(GATEWAY_GROUP, 'v1', 'gateways', 'Gateway');
