import type { AccessLogTemplate, Application, RouterTemplate, Track } from '../../api/application/application.ts';
import type { SegmentRule, TokenSource } from '../../api/router/identity.ts';
import type { RouterSpec } from '../../api/router/router.ts';

/** Folders of a router pod, below the pod's root. Programs reach them by relative path: in the process runtime the root is a folder. */
export const CONFIG_DIR = 'etc/aweigh-router';
export const TLS_DIR = 'etc/aweigh-router-tls';
export const RUN_DIR = 'run/aweigh-router';

/** Ports beside the one for requests. */
export const HEALTH_PORT = 8404;
export const CONTROL_PORT = 8405;

/** The group of users that never leaves production, known everywhere. */
export const PRODUCTION_ONLY_SEGMENTS: readonly string[] = ['ENTERPRISE'];
export const TRAFFIC_GROUP = 'X-Traffic-Group';
/** What a request whose own group the edge removed is counted as. */
export const REMOVED_GROUP = 'removed-group';
/** Why a router refused a request itself. */
export const REASON_HEADER = 'X-Aweigh-Reason';
/** How long the last requests and streams of a stopping router may take, unless the Application says so; and how long it still takes new ones after it left the endpoints. */
const DRAIN_SECONDS = 15;
/** How long requests wait for a router that was not told yet: it has just started where another was. */
export const UNTOLD_WAIT_MS = 2_000;
export const LEAVE_SECONDS = 3;

/** Versions that one track may hold at once: serving, candidate, and those that drain. */
export const SLOTS_PER_TRACK = 4;
const MINIMUM_SERVERS = 16;
/** https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol */
const HTTP2_PROTOCOLS = new Set(['kubernetes.io/h2c', 'grpc']);

export interface TrackLayout {
  readonly name: string;
  readonly segment?: string;
  /** Servers in each slot: room for a surge and for those that still drain. */
  readonly servers: number;
}

/** What of an Application decides a router's config. It stays the same from release to release, so that routers need no restart. */
export interface RouterLayout {
  readonly application: string;
  readonly port: number;
  /** True: servers speak HTTP/2 in clear text, with prior knowledge. */
  readonly http2: boolean;
  /** How long the last requests and streams of a stopping router may take. */
  readonly drainSeconds: number;
  readonly userId: RouterSpec['userId'];
  readonly defaultSegment: string;
  readonly token: TokenSource;
  readonly edge: boolean;
  /** How the edge knows the segment; the first that fits counts. */
  readonly segmentRules: readonly SegmentRule[];
  readonly tracks: readonly TrackLayout[];
  /** Values of `X-Traffic-Group` that are not counted as unknown. */
  readonly segments: readonly string[];
  readonly accessLog: Required<AccessLogTemplate>;
  readonly extra: NonNullable<RouterTemplate['haproxy']>;
}

export function routerLayout(application: Application, router: RouterSpec): RouterLayout {
  const tracks = application.spec.tracks.map((t) => ({ name: t.name, ...(t.segment === undefined ? {} : { segment: t.segment }), servers: serverSlots(t) }));
  const own = tracks.flatMap((t) => (t.segment === undefined ? [] : [t.segment]));
  const edge = router.edge === true;
  const { token = {}, segments: segmentRules = [], accessLog } = application.spec.router ?? {};
  return {
    application: router.application,
    port: router.port,
    http2: HTTP2_PROTOCOLS.has(application.spec.ports.find((p) => p.port === router.port)?.appProtocol ?? ''),
    drainSeconds: application.spec.router?.drainSeconds ?? DRAIN_SECONDS,
    userId: router.userId,
    defaultSegment: router.defaultSegment,
    token,
    edge,
    segmentRules: edge ? segmentRules : [],
    tracks,
    segments: [...new Set([...own, router.defaultSegment, ...PRODUCTION_ONLY_SEGMENTS, ...(edge ? segmentRules.map((r) => r.segment) : [])])],
    accessLog: { percent: 100, userIds: false, ...accessLog },
    extra: application.spec.router?.haproxy ?? {},
  };
}

/** The next power of two that holds twice the replicas. */
function serverSlots(track: Track): number {
  let slots = MINIMUM_SERVERS;
  while (slots < track.replicas * 2) slots *= 2;
  return slots;
}

export const slotName = (track: string, number: number): string => `${track}-${number}`;
