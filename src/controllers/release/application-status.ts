import { hasEnded } from '../../api/release/release.ts';
import type { ApplicationStatus } from '../../api/application/application.ts';
import { withCondition } from '../../api/conditions.ts';
import type { Condition } from '../../api/group.ts';
import { deploymentOf, nameOf, observedPercent, readyEndpoints, versionOf } from './observed.ts';
import { timestamp, type Turn } from './turn.ts';

/** What a person sees of the Application: each track, and whether all is as it is to be. */
export function applicationStatus(turn: Turn): ApplicationStatus {
  const { observed, tracks } = turn;
  const shown = tracks.map(({ rules, held }) => {
    const base = { name: rules.name, replicas: rules.replicas, readyReplicas: 0, weightPercent: 0 };
    if (held.serving === undefined) return base;
    return {
      ...base,
      build: held.serving,
      replicas: rules.autoscaling === undefined ? rules.replicas : (deploymentOf(observed, rules, held.serving)?.spec?.replicas ?? rules.replicas),
      version: versionOf(observed, held.serving),
      readyReplicas: readyEndpoints(observed, rules, held.serving),
      weightPercent: Math.round(observedPercent(observed, rules, held.serving) ?? observed.application.status?.tracks?.find((t) => t.name === rules.name)?.weightPercent ?? 0),
    };
  });
  const productionBuild = tracks.at(-1)?.held.serving;
  const active = turn.releases.filter((r) => !hasEnded(r)).toSorted((a, b) => progress(b) - progress(a))[0];
  return {
    ...observed.application.status,
    observedGeneration: observed.application.metadata?.generation,
    productionBuild,
    activeRelease: active?.name,
    tracks: shown,
    conditions: withCondition(observed.application.status?.conditions ?? [], readyCondition(turn, shown)),
  };
}

const progress = (r: Turn['releases'][number]): number => r.status.tracks.filter((t) => t.phase === 'Passed').length;

function readyCondition(turn: Turn, shown: NonNullable<ApplicationStatus['tracks']>): Condition {
  const base = { type: 'Ready', lastTransitionTime: timestamp(turn), observedGeneration: turn.observed.application.metadata?.generation };
  const production = shown.at(-1);
  if (production?.build === undefined) {
    const name = nameOf(turn.observed.application);
    return { ...base, status: 'False', reason: 'NoBuild', message: turn.releases.length === 0 ? `No Build yet: aweigh push ${name}` : 'The first Build is on its way' };
  }
  const below = turn.tracks.filter(({ rules }, i) => (shown[i]?.build !== undefined ? (shown[i]?.readyReplicas ?? 0) < rules.endpointFloor : false));
  const last = turn.tracks.at(-1);
  if (below.length > 0) {
    const production = below.some((t) => t === last);
    return { ...base, status: 'False', reason: production ? 'ProductionBelowFloor' : 'BelowFloor', message: below.map(({ rules }) => `${rules.name} has fewer ready endpoints than its floor of ${rules.endpointFloor}`).join('; ') };
  }
  return { ...base, status: 'True', reason: 'TracksServe', message: 'Every track is at its floor or above' };
}
