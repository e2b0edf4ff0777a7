import type { Traffic } from '../../controllers/routing/traffic-provider.ts';
import { BUCKETS, bucketOf } from './bucket/bucket.ts';

export const REPEATED_GROUP = 'repeated-group';
export const UNKNOWN_GROUP = 'unknown-group';

/** What of a request decides. Header values are whole: never split at commas. */
export interface RoutedRequest {
  /** Every `X-Traffic-Group` of the request. */
  readonly groups: readonly string[];
  /** Undefined: none, or more than one. */
  readonly user?: string;
  /** Segment by the edge's word; `groups` counts where it is absent. */
  readonly segment?: string;
}

export interface RoutingState {
  readonly traffic: Traffic;
  readonly defaultSegment: string;
  readonly segments: ReadonlySet<string>;
  /** Servers of a backend that can take a request now. */
  usable(backend: string): number;
  /** Whether a user is always in the segment's share, or always out; without a segment, in that of production's next version. */
  listed(segment: string | undefined, user: string): 'in' | 'out' | undefined;
  /** A bucket for a request without user: uniform in 0 to 9,999. */
  randomBucket(): number;
}

export type Decision =
  | { readonly type: 'forward'; readonly backend: string; readonly segment: string; readonly bucket: number }
  | { readonly type: 'refuse'; readonly reason: 'BelowFloor' | 'NoProduction'; readonly message: string; readonly segment: string; readonly bucket: number };

/** Where a request goes: the same rules, in the same order, as the frontend of `haproxyConfig`. */
export function decide(request: RoutedRequest, state: RoutingState): Decision {
  const segment = request.segment ?? segmentOf(request.groups, state);
  const { routes, production } = state.traffic;
  const place = (seed: string): number => (request.user === undefined ? random : bucketOf(seed, request.user));
  const random = request.user === undefined ? state.randomBucket() : 0;
  const route = routes.find((r) => r.segment === segment);
  let bucket = place(route?.seed ?? '-');
  if (route !== undefined && bucket < shareFor(request.user, route, state)) {
    const usable = route.backend === undefined ? 0 : state.usable(route.backend);
    const below = route.closed || usable === 0 || usable < route.floor;
    if (!below && route.backend !== undefined) return { type: 'forward', backend: route.backend, segment, bucket };
    if (route.belowFloor === 'refuse') {
      return { type: 'refuse', reason: 'BelowFloor', message: `Group ${segment} has fewer ready servers than its floor of ${route.floor}, and does not fall back to production`, segment, bucket };
    }
  }
  bucket = place(production.seed);
  const { next } = production;
  if (next !== undefined && next.share > 0 && bucket < shareFor(request.user, next, state)) {
    const usable = state.usable(next.backend);
    if (usable > 0 && usable >= next.floor) return { type: 'forward', backend: next.backend, segment, bucket };
  }
  if (production.backend === undefined) return { type: 'refuse', reason: 'NoProduction', message: 'No version is in production yet', segment, bucket };
  return { type: 'forward', backend: production.backend, segment, bucket };
}

function shareFor(user: string | undefined, { segment, share }: { segment?: string; share: number }, state: RoutingState): number {
  const listed = user === undefined ? undefined : state.listed(segment, user);
  return listed === 'in' ? BUCKETS : listed === 'out' ? 0 : share;
}

function segmentOf(groups: readonly string[], { defaultSegment, segments }: RoutingState): string {
  if (groups.length > 1) return REPEATED_GROUP;
  const [group] = groups;
  if (group === undefined) return defaultSegment;
  return segments.has(group) ? group : UNKNOWN_GROUP;
}
