import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';
import type { GatewayRouting } from './gateway.ts';
import type { UserIdSource } from './identity.ts';

/** Condition of a Router whose kind changes: what comes routes, and what is `leaving` may go. */
export const TAKEN_OVER = 'TakenOver';

/** Routers of Aweigh's own: pods that are told. */
export type PodRouterProvider = 'haproxy' | 'builtin';

/**
 * The traffic rules of one Application's router tier. The record controller applies the spec (it is part of the record);
 * the routing controller tells every router pod and reports what it read back.
 */
export interface Router extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: RouterSpec;
  status?: RouterStatus;
}

export interface RouterSpec {
  application: string;
  /** `gateway-api`: Gateways of the cluster route, by an HTTPRoute that the routing controller keeps. */
  provider: PodRouterProvider | 'gateway-api';
  /** What routed before `provider` was chosen: it goes on, and is told the same, until the Router's condition `TakenOver` is true. Absent: nothing has to. */
  leaving?: RouterSpec['provider'];
  /** Gateways that users come through. With `gateway-api` they choose the versions; with routers, and no Gateways leaving, they lead to these. */
  gateway?: GatewayRouting;
  /** Port that the routers listen on for requests. */
  port: number;
  userId: UserIdSource;
  defaultSegment: string;
  edge?: boolean;
  /** Every version that may get requests, or still drains. */
  backends: RouterBackend[];
  /** One a segment; a segment without a route goes to production. */
  routes: SegmentRoute[];
  production: ProductionRoute;
}

export interface RouterBackend {
  /** `<track>-<version>`, such as `free-v1.18.0`. */
  name: string;
  track: string;
  version: string;
  /** The Service whose EndpointSlices give the servers: it selects this track and version only. */
  service: string;
  /** Ready endpoints below which it gets no new requests. */
  floor: number;
}

export interface SegmentRoute {
  segment: string;
  /** Absent: production takes the whole segment. */
  backend?: string;
  /** Users of the segment whose bucket is below this go to `backend`: 0 to 10,000. */
  share: number;
  /** Users of the segment who go to `backend` whatever the share; sorted, absent where there are none or nobody may reach it. */
  include?: string[];
  /** Users of the segment who never go to `backend` but to production; sorted, absent where there are none. */
  exclude?: string[];
  /** True: refused with 503 below the floor; false: production takes over. */
  strict: boolean;
  /** Salt of the bucket: `<application>/<segment>`, with the release behind it where the Application reshuffles. */
  seed: string;
}

export interface ProductionRoute {
  backend?: string;
  /** Users whose production bucket is below `share` (0 to 10,000) go to `backend`. */
  next?: { backend: string; share: number };
  /** Users who go to `next` whatever its share, unless that is 0; sorted, absent where there are none. */
  include?: string[];
  /** Users who never go to `next`; sorted, absent where there are none. */
  exclude?: string[];
  /** `<application>/PRODUCTION`. */
  seed: string;
}

export interface RouterStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  /** Router pods that were told and read back at `observedGeneration`. */
  pods?: { name: string; observedGeneration: number; at: string }[];
  /** Gateways, as `namespace/name`, and the generation that each routes by. `to`: they lead to the routers; absent: they choose the versions themselves. */
  gateways?: { name: string; observedGeneration: number; at: string; to?: 'routers' }[];
  /** What every told router answered. */
  observed?: { routes: { segment: string; backend?: string; share: number }[]; production: { backend?: string; next?: { backend: string; share: number } } };
  /** Switches of the routes, newest last, at most 50: from the first command sent to the last read-back. */
  switches?: { generation: number; startedAt: string; observedAt: string; milliseconds: number }[];
  /** Ready endpoints of each backend as last seen. */
  endpoints?: { backend: string; ready: number }[];
  /** Requests by backend and segment since the routers started, where the provider counts them. */
  requests?: { backend: string; total: number; errors: number }[];
}
