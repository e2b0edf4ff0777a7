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
  /** What the data plane answered, where it is asked. */
  readonly probed?: Probed;
  readonly now: number;
}

/** `at`: when it was first found to follow this change. */
export type Probed = { readonly outcome: 'follows'; readonly at: number } | { readonly outcome: 'waits'; readonly message: string };

const PROBE_AGAIN_MS = 100;

/**
 * Whether a Gateway's answer counts as routing. Accepted means that the controller took the route; its data plane has `settleSeconds` more to
 * follow, or is asked. Silence is calm until `answerSeconds` have passed since the change. `dueAt`: when the verdict changes by time alone.
 */
export function judge({ gateway, answer, changedAt, acceptedAt, probed, now }: Judged, { settleSeconds = probed === undefined ? GATEWAY_DEFAULTS.settleSeconds : 0, answerSeconds = GATEWAY_DEFAULTS.answerSeconds }: Pick<GatewayRouting, 'settleSeconds' | 'answerSeconds'>): GatewayAnswer & { readonly dueAt?: number } {
  switch (answer.outcome) {
    case 'accepted': {
      if (probed?.outcome === 'waits') {
        const calm = now < changedAt + answerSeconds * 1_000;
        return { gateway, outcome: 'waits', reason: calm ? 'NotFollowed' : 'NeverFollowed', message: `Gateway ${gateway} has accepted the routes, ${probed.message}`, calm, dueAt: now + PROBE_AGAIN_MS };
      }
      const settledAt = (probed?.at ?? acceptedAt ?? now) + settleSeconds * 1_000;
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
