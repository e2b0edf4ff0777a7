import type { Finding, ServiceHealth } from './finding.ts';
import { releaseFindings, releasesInMotion } from './release-rules.ts';
import { routerFindings, routerHealth } from './router-rules.ts';
import type { ServiceInput } from './service-input.ts';
import { trackFindings, trackHealth } from './track-rules.ts';
import { forgottenFindings, forgottenVersions } from './version-rules.ts';

/**
 * The verdict on one service, the same for the controller and for `aweigh health`: a router with all its replicas, each track with at least
 * its floor of endpoints; then what is too many, forgotten or stuck. One finding a subject, its worst.
 */
export function evaluate(input: ServiceInput): ServiceHealth {
  const isNew = input.application !== undefined && !input.tracks.some((t) => t.recorded === true);
  const routers = routerHealth(input);
  const forgotten = forgottenVersions(input);
  const releases = releasesInMotion(input);
  const findings = [
    ...(isNew ? [] : [...routerFindings(input, routers), ...input.tracks.flatMap((track) => trackFindings(input, track))]),
    ...forgottenFindings(input, forgotten),
    ...releaseFindings(input, releases),
  ].sort(worstFirst);
  return {
    namespace: input.namespace, service: input.service, managed: input.application !== undefined, state: findings[0]?.severity ?? (isNew ? 'new' : 'healthy'),
    ...(routers && { routers }), tracks: input.tracks.map(trackHealth), forgotten, releases, findings,
  };
}

/** A whole installation, the worst first. */
export function rankServices(services: readonly ServiceHealth[]): ServiceHealth[] {
  return services.toSorted((a, b) => rank(a.state) - rank(b.state) || b.findings.length - a.findings.length || compare(a.service, b.service) || compare(a.namespace, b.namespace));
}

const worstFirst = (a: Finding, b: Finding): number => rank(a.severity) - rank(b.severity) || compare(a.id, b.id);
const rank = (state: ServiceHealth['state']): number => ({ critical: 0, warning: 1, new: 2, healthy: 3 })[state];
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
