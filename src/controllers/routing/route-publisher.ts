import type { Router } from '../../api/router/router.ts';
import type { ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { Traffic } from './traffic-provider.ts';

/**
 * Routing without routers of Aweigh's own: what is wanted is published as resources of the cluster, a data plane of somebody else follows them,
 * and says so in their status.
 */
export interface RoutePublisher {
  /** Wakes a Router whenever its routes, or what is said about them, may have changed. Once is enough; again does nothing. */
  watch(wake: (router: ObjectKey) => void): void;
  /** Makes the resources say what `target` says, and reads what was answered so far. Idempotent.
   *  @throws {CannotRouteError} where the resources have no room for it */
  publish(router: Router, target: RouteTarget, signal: AbortSignal): Promise<Publication>;
  /** Takes the routes away: users no longer come that way. */
  withdraw(router: ObjectKey, signal: AbortSignal): Promise<void>;
}

/** Where the routes lead: to the versions, by these rules; or all to the Service of the Router's own routers, which choose. */
export type RouteTarget = Traffic | 'routers';

export type RoutePublisherFactory = (context: ControllerContext) => RoutePublisher;

export interface Publication {
  /** When the routes first changed since all Gateways last followed: milliseconds since the epoch. Absent: they could not be written. */
  readonly changedAt?: number;
  /** Something was written in this pass. */
  readonly changed: boolean;
  /** One a Gateway. */
  readonly answers: readonly GatewayAnswer[];
  /** When to look again though nothing tells: milliseconds since the epoch. */
  readonly dueAt?: number;
}

export type GatewayAnswer =
  /** It routes as was published. */
  | { readonly gateway: string; readonly outcome: 'routes'; readonly at: number }
  /** Not yet, or not at all. `reason` is PascalCase; `calm`: it has only just been asked. */
  | { readonly gateway: string; readonly outcome: 'waits'; readonly reason: string; readonly message: string; readonly calm: boolean };
