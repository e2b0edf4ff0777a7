import type { Build } from '../../api/build/build.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import { nameOf } from './observed.ts';
import { compareAge } from '../../api/age.ts';
import type { Turn } from './turn.ts';

/** Rollbacks and hotfixes remembered for each kept Build. */
const RELEASES_A_BUILD = 3;

/**
 * What is older than the history that the Application keeps. Builds that have pods or a release in motion stay whatever their age.
 * A Release goes only after its Build: a Build without a Release would be released anew.
 */
export function forgotten(turn: Turn): { readonly builds: Build[]; readonly releases: Release[] } {
  const { builds, releases, delivery } = turn.observed;
  const limit = turn.spec.buildHistoryLimit;
  if (builds.length <= limit && releases.length <= limit) return { builds: [], releases: [] };
  const held = new Set<string | undefined>([...(delivery?.spec.tracks ?? []), ...turn.tracks.map((t) => t.held)].flatMap((t) => t.builds.map((b) => b.build)));
  for (const r of turn.releases) {
    if (hasEnded(r)) continue;
    held.add(r.build);
    for (const entry of r.status.tracks) held.add(entry.previousBuild);
  }
  const going = [...builds].sort(compareAge).slice(0, Math.max(0, builds.length - limit)).filter((b) => !held.has(nameOf(b)) && b.metadata?.deletionTimestamp === undefined);
  const there = new Set(builds.map(nameOf));
  const ended = turn.releases.filter((r) => hasEnded(r) && r.release.metadata?.deletionTimestamp === undefined);
  const others = ended.filter((r) => r.type !== 'promotion' && there.has(r.build));
  const gone = [...ended.filter((r) => !there.has(r.build)), ...others.slice(0, Math.max(0, others.length - limit * RELEASES_A_BUILD))];
  return { builds: going, releases: gone.map((r) => r.release) };
}
