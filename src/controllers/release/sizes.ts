import { hasEnded } from '../../api/release/release.ts';
import type { DeliveryBuild } from '../../api/delivery/delivery.ts';
import { deploymentOf } from './observed.ts';
import { entryOf, inMotion, isAborting, type Turn, type WorkingTrack } from './turn.ts';

/**
 * Pods that a build needs before it may take the users of a track: the track's replicas, or as many as the autoscaler gave the version that
 * serves now, where those are more. While it comes this only grows.
 */
export function comingSize(turn: Turn, { rules, held }: WorkingTrack, build: string): number {
  if (rules.autoscaling === undefined) return rules.replicas;
  const serving = held.serving === undefined ? 0 : (deploymentOf(turn.observed, rules, held.serving)?.spec?.replicas ?? 0);
  const written = writtenBuild(turn, rules.name, build);
  const own = written?.autoscaled === true ? (deploymentOf(turn.observed, rules, build)?.spec?.replicas ?? 0) : (written?.replicas ?? 0);
  return Math.min(Math.max(rules.replicas, serving, own), Math.max(rules.replicas, rules.autoscaling.maxReplicas));
}

/** On autoscaled tracks: the version that serves is its autoscaler's, one that comes has the size of the one that it follows, one that leaves keeps its own. */
export function sizeAutoscaledTracks(turn: Turn): void {
  for (const track of turn.tracks) {
    if (track.rules.autoscaling === undefined) continue;
    track.held.builds = track.held.builds.map((b): DeliveryBuild => {
      if (b.replicas === 0) return b;
      if (b.build === track.held.serving) return { build: b.build, replicas: track.rules.replicas, autoscaled: true };
      if (isComing(turn, track, b.build)) return { build: b.build, replicas: comingSize(turn, track, b.build) };
      const written = writtenBuild(turn, track.rules.name, b.build);
      const replicas = written?.autoscaled === true ? deploymentOf(turn.observed, track.rules, b.build)?.spec?.replicas : written?.replicas;
      return { build: b.build, replicas: Math.max(replicas ?? 0, track.rules.replicas) };
    });
  }
}

function isComing(turn: Turn, { rules }: WorkingTrack, build: string): boolean {
  if (turn.restoring.has(`${rules.name}/${build}`)) return true;
  return turn.releases.some((r) => {
    const entry = entryOf(r, rules.name);
    return r.build === build && !hasEnded(r) && !isAborting(r) && entry !== undefined && inMotion(entry);
  });
}

function writtenBuild(turn: Turn, track: string, build: string): DeliveryBuild | undefined {
  return turn.observed.delivery?.spec.tracks.find((t) => t.name === track)?.builds.find((b) => b.build === build);
}
