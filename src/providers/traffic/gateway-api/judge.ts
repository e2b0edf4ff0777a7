import { GATEWAY_DEFAULTS, type GatewayRouting } from '../../../api/router/gateway.ts';
import type { GatewayAnswer } from '../../../controllers/routing/route-publisher.ts';
import type { ParentAnswer } from './answers.ts';

/** Times are milliseconds since the epoch. */
export interface Judged {
  /** `namespace/name`. */
  readonly gateway: string;
  readonly answer: ParentAnswer;
  readonly changedAt: number;
  /** When it was first seen accepted; undefined: it is not. */
  readonly acceptedAt: number | undefined;
  readonly now: number;
}

/**
 * Whether a Gateway's answer counts as routing. Accepted means that the controller took the route; its data plane has `settleSeconds` more to
 * follow. Silence is calm until `answerSeconds` have passed since the change. `dueAt`: when the verdict changes by time alone.
 */
export function judge({ gateway, answer, changedAt, acceptedAt, now }: Judged, { settleSeconds = GATEWAY_DEFAULTS.settleSeconds, answerSeconds = GATEWAY_DEFAULTS.answerSeconds }: Pick<GatewayRouting, 'settleSeconds' | 'answerSeconds'>): GatewayAnswer & { readonly dueAt?: number } {
  switch (answer.outcome) {
    case 'accepted': {
      const settledAt = (acceptedAt ?? now) + settleSeconds * 1_000;
      if (now >= settledAt) return { gateway, outcome: 'routes', at: settledAt };
      return { gateway, outcome: 'waits', reason: 'Settling', message: `Gateway ${gateway} has accepted the routes; its data plane has ${settleSeconds} s to follow`, calm: true, dueAt: settledAt };
    }
    case 'refused':
      return { gateway, outcome: 'waits', reason: answer.reason, message: answer.message, calm: false };
    case 'silent': {
      const deadline = changedAt + answerSeconds * 1_000;
      if (now < deadline) return { gateway, outcome: 'waits', reason: 'NotAccepted', message: answer.message, calm: true, dueAt: deadline };
      return { gateway, outcome: 'waits', reason: 'NoAnswer', message: `${answer.message} Nothing was heard for ${answerSeconds} s`, calm: false };
    }
  }
}
