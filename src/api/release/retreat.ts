import { backendName } from '../names.ts';
import type { RouterStatus } from '../router/router.ts';
import { hasEnded, type Release, type TrackPhase } from './release.ts';

const BEFORE_SHIFTED: readonly TrackPhase[] = ['Queued', 'Preparing', 'ScalingUp', 'Testing', 'Shifting'];

/** It takes users back: one that was aborted or has failed, or a rollback. */
export function isRetreat(release: Release): boolean {
  const { spec, status } = release;
  return !hasEnded(release) && (spec.abort !== undefined || spec.type === 'rollback' || status?.phase === 'Aborting');
}

/** Some user is still where none is to be: with the build of an aborted release, or with what a rollback replaces.
 *  @param version of its Build; undefined where that is gone
 *  @param observed what the routers were last read back to do; undefined: nobody is routed yet */
export function retreatIsOpen({ spec, status }: Release, version: string | undefined, observed: RouterStatus['observed']): boolean {
  const tracks = status?.tracks ?? [];
  if (spec.type === 'rollback' && spec.abort === undefined && status?.phase !== 'Aborting') return tracks.length === 0 || tracks.some((t) => BEFORE_SHIFTED.includes(t.phase));
  if (observed === undefined) return false;
  const own = new Set(tracks.map((t) => backendName(t.name, version ?? spec.build)));
  const { routes, production } = observed;
  return [...routes.map((r) => r.backend), production.backend, production.next?.backend].some((backend) => backend !== undefined && own.has(backend));
}
