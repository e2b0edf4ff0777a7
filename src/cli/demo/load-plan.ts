import type { RequestRecord } from './request-log.ts';

export type RequestKind = RequestRecord['kind'];

/** All that example services answer; `account` and `order` need a second service behind the first. */
export const REQUEST_KINDS = ['get', 'account', 'slow', 'upload', 'order'] as const satisfies readonly RequestKind[];

export interface PlannedRequest {
  readonly user: string;
  readonly group?: string;
  readonly kind: RequestKind;
  readonly connection: RequestRecord['connection'];
  /** Only for `slow`. */
  readonly slowMs: number;
  /** Only for `upload`. */
  readonly bytes: number;
}

/** A user keeps the group for good: 5 % internal, 45 % free, 35 % paid, 10 % enterprise, 5 % send no header. */
export function groupOf(user: number): string | undefined {
  const place = user % 20;
  if (place < 1) return 'INTERNAL';
  if (place < 10) return 'FREE';
  if (place < 17) return 'PAID';
  if (place < 19) return 'ENTERPRISE';
  return undefined;
}

const SHORTEST_SLOW_MS = 300;

export interface LoadShape {
  /** Of slow requests, from 300. */
  readonly longestMs: number;
  /** They come in turn, each comes back after so many requests. */
  readonly users: number;
  /** What is not among them becomes a `get`. */
  readonly kinds: readonly RequestKind[];
}

/** The request of number `id`: every user in turn, all kinds and both ways to connect in fixed parts, so that a run can be repeated. */
export function planRequest(id: number, { longestMs, users, kinds }: LoadShape): PlannedRequest {
  const user = (id * 7) % users;
  const group = groupOf(user);
  const spread = scramble(id);
  const dice = spread % 100;
  const kind = dice < 3 ? 'slow' : dice < 6 ? 'upload' : dice < 10 ? 'order' : dice < 20 ? 'account' : 'get';
  return {
    user: `user-${user}`,
    ...(group === undefined ? {} : { group }),
    kind: kinds.includes(kind) ? kind : 'get',
    connection: scramble(id + 0x5bd1) % 5 === 0 ? 'short' : 'keep-alive',
    slowMs: SHORTEST_SLOW_MS + (spread % (longestMs - SHORTEST_SLOW_MS + 1)),
    bytes: 16_384 + (spread % 180_000),
  };
}

/** Spreads consecutive numbers evenly (the finaliser of MurmurHash3). */
function scramble(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
