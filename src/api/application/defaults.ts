import type { Application, ApplicationSpec, Track } from './application.ts';

/** Values of absent fields. */
export const DEFAULTS = {
  routerKind: 'auto',
  routerReplicas: 4,
  floor: 2,
  defaultSegment: 'PAID',
  userIdHeader: 'X-User-Id',
  reshuffle: 'never',
  drainSeconds: 10,
  keepWarmSeconds: 0,
  progressDeadlineSeconds: 300,
  buildHistoryLimit: 10,
} as const;

/** A track in which every rule has its value. */
export type ResolvedTrack = Track & Required<Pick<Track, 'endpointFloor' | 'percent' | 'steps' | 'strict' | 'gates'>> & { last: boolean };

export type ResolvedApplicationSpec = Omit<ApplicationSpec, 'tracks' | 'router'> &
  Required<Pick<ApplicationSpec, 'defaultSegment' | 'reshuffle' | 'drainSeconds' | 'keepWarmSeconds' | 'progressDeadlineSeconds' | 'buildHistoryLimit' | 'userId'>> & {
    tracks: ResolvedTrack[];
    router: Required<Pick<NonNullable<ApplicationSpec['router']>, 'kind' | 'replicas' | 'floor' | 'edge'>> & NonNullable<ApplicationSpec['router']>;
  };

/** The spec with every absent field at its default. Changes nothing of the argument. */
export function resolveApplication(application: Application): ResolvedApplicationSpec {
  const { spec } = application;
  // Gateways route without any router of the Application's.
  const replicas = spec.router?.kind === 'gateway-api' ? 0 : (spec.router?.replicas ?? DEFAULTS.routerReplicas);
  return {
    ...spec,
    tracks: spec.tracks.map((track, i) => resolveTrack(track, i === 0, i === spec.tracks.length - 1)),
    router: {
      ...spec.router,
      kind: spec.router?.kind ?? DEFAULTS.routerKind,
      replicas,
      floor: Math.min(spec.router?.floor ?? DEFAULTS.floor, replicas),
      edge: spec.router?.edge ?? false,
    },
    defaultSegment: spec.defaultSegment ?? DEFAULTS.defaultSegment,
    userId: spec.userId ?? { header: DEFAULTS.userIdHeader },
    reshuffle: spec.reshuffle ?? DEFAULTS.reshuffle,
    drainSeconds: spec.drainSeconds ?? DEFAULTS.drainSeconds,
    keepWarmSeconds: spec.keepWarmSeconds ?? DEFAULTS.keepWarmSeconds,
    progressDeadlineSeconds: spec.progressDeadlineSeconds ?? DEFAULTS.progressDeadlineSeconds,
    buildHistoryLimit: spec.buildHistoryLimit ?? DEFAULTS.buildHistoryLimit,
  };
}

/** The first track is for tests: where it takes its whole segment, the segment never silently meets production instead. */
function resolveTrack(track: Track, first: boolean, last: boolean): ResolvedTrack {
  const percent = track.percent ?? 100;
  return {
    ...track,
    last,
    percent,
    endpointFloor: track.endpointFloor ?? Math.min(DEFAULTS.floor, track.replicas),
    steps: last ? (track.steps ?? []) : [],
    strict: track.strict ?? (first && !last && percent === 100),
    gates: track.gates ?? [],
  };
}
