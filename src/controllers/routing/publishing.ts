import type { Router } from '../../api/router/router.ts';
import type { GatewayAnswer, RoutePublisher, RouteTarget } from './route-publisher.ts';
import { CannotRouteError, type TellResult } from './traffic-provider.ts';

export interface Published {
  readonly results: readonly TellResult[];
  readonly dueAt?: number;
  /** What somebody has to look at: it will not pass by itself. */
  readonly trouble?: { readonly reason: string; readonly message: string };
}

/** Publishes a Router's routes; each Gateway answers in the place of a router pod. */
export async function publish(publisher: RoutePublisher, router: Router, target: RouteTarget, signal: AbortSignal): Promise<Published> {
  try {
    const { answers, changedAt, changed, dueAt } = await publisher.publish(router, target, signal);
    const waiting = answers.find((a) => a.outcome === 'waits' && !a.calm);
    return {
      results: answers.map((answer): TellResult => (answer.outcome === 'routes'
        ? { outcome: 'told', name: answer.gateway, told: { observedAt: answer.at, changed, ...(changedAt === undefined ? {} : { lastSwitchAt: changedAt }) } }
        : failed(answer))),
      ...(dueAt === undefined ? {} : { dueAt }),
      ...(waiting?.outcome === 'waits' ? { trouble: { reason: waiting.reason, message: waiting.message } } : {}),
    };
  } catch (error) {
    if (!(error instanceof CannotRouteError)) throw error;
    const trouble = { reason: 'CannotRoute', message: error.message };
    return { results: [failed({ gateway: '', ...trouble })], trouble };
  }
}

/** A Gateway that does not follow may still route as before: nothing counts as observed until it does. */
const failed = ({ gateway, reason, message }: Pick<Extract<GatewayAnswer, { outcome: 'waits' }>, 'gateway' | 'reason' | 'message'>): TellResult =>
  ({ outcome: 'failed', name: gateway, message, reason, served: true, terminating: false, config: false });
