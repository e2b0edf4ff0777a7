import type { Application, Track } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { LABELS } from '../../api/group.ts';
import { backendName, routerName } from '../../api/names.ts';
import { ENDED_PHASES, type Release } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import type { Finding, HealthRule, ServiceHealth, Severity, TrackHealth } from './finding.ts';

/** All that the verdict on one Application needs. */
export interface HealthInput {
  readonly application: Application;
  readonly delivery: Delivery | undefined;
  readonly router: Router | undefined;
  /** Those of the Application. */
  readonly deployments: readonly Deployment[];
  readonly releases: readonly Release[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const DEFAULT_ROUTERS = 4;
const DEFAULT_FLOOR = 2;
/** A version that no track names for so long was forgotten. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;
/** A release whose status says nothing new for so long is stuck, unless it waits for a person. */
const STUCK_AFTER_MS = 30 * 60_000;

/** Bitmovin's rules: a router with all its replicas, and each track with at least its floor of endpoints; then what is too many, forgotten or stuck. */
export function evaluate(input: HealthInput): ServiceHealth {
  const { application } = input;
  const routers = routerHealth(input);
  const tracks = application.spec.tracks.map((track) => trackHealth(input, track));
  const findings = [
    ...routerFindings(input, routers),
    ...tracks.flatMap((track) => trackFindings(input, track)),
    ...forgottenVersions(input),
    ...stuckReleases(input),
  ].sort((a, b) => rank(a.severity) - rank(b.severity) || (a.id < b.id ? -1 : 1));
  return { namespace: namespaceOf(input), application: nameOf(input), state: findings[0]?.severity ?? 'healthy', routers, tracks, findings };
}

/** A whole installation, the worst first. */
export function rankServices(services: readonly ServiceHealth[]): ServiceHealth[] {
  return services.toSorted((a, b) => rank(a.state) - rank(b.state) || b.findings.length - a.findings.length || (a.application < b.application ? -1 : 1));
}

const rank = (state: ServiceHealth['state']): number => ({ critical: 0, warning: 1, healthy: 2 })[state];
const nameOf = ({ application }: HealthInput): string => application.metadata?.name ?? '';
const namespaceOf = ({ application }: HealthInput): string => application.metadata?.namespace ?? '';

function routerHealth(input: HealthInput): ServiceHealth['routers'] {
  const deployment = input.deployments.find((d) => d.metadata?.name === routerName(nameOf(input)));
  return {
    ready: deployment?.status?.availableReplicas ?? 0,
    wanted: input.application.spec.router?.replicas ?? DEFAULT_ROUTERS,
    floor: input.application.spec.router?.floor ?? DEFAULT_FLOOR,
  };
}

function trackHealth({ application, delivery, router }: HealthInput, track: Track): TrackHealth {
  const held = delivery?.spec.tracks.find((t) => t.name === track.name);
  const version = held?.serving?.slice((application.metadata?.name?.length ?? 0) + 1);
  const ready = version === undefined ? 0 : (router?.status?.endpoints?.find((e) => e.backend === backendName(track.name, version))?.ready ?? 0);
  return { name: track.name, ...(version === undefined ? {} : { version }), ready, wanted: track.replicas, floor: track.endpointFloor ?? Math.min(DEFAULT_FLOOR, track.replicas) };
}

function routerFindings(input: HealthInput, { ready, wanted, floor }: ServiceHealth['routers']): Finding[] {
  const next = `kubectl -n ${namespaceOf(input)} get pods -l aweigh.dev/router=${routerName(nameOf(input))}`;
  if (ready < floor) return [finding(input, 'RouterBelowFloor', 'critical', undefined, ready, floor, `has ${ready} available routers, its floor is ${floor}`, next)];
  if (ready < wanted) return [finding(input, 'RouterDegraded', 'warning', undefined, ready, wanted, `has ${ready} of ${wanted} routers available`, next)];
  return [];
}

function trackFindings(input: HealthInput, { name, version, ready, wanted, floor }: TrackHealth): Finding[] {
  const next = `kubectl -n ${namespaceOf(input)} get pods -l ${LABELS.application}=${nameOf(input)},${LABELS.track}=${name}`;
  const at = version === undefined ? `track ${name}` : `track ${name} (${version})`;
  if (ready < floor) return [finding(input, 'TrackBelowFloor', 'critical', name, ready, floor, `${at} has ${ready} endpoints, its floor is ${floor}`, next)];
  if (ready < wanted) return [finding(input, 'TrackUnderReplicated', 'warning', name, ready, wanted, `${at} has ${ready} of ${wanted} endpoints`, next)];
  if (ready > wanted) return [finding(input, 'TrackOverReplicated', 'warning', name, ready, wanted, `${at} has ${ready} endpoints, wanted are ${wanted}`, next)];
  return [];
}

/** Deployments that carry the Application's name and that no track holds. Versions kept warm are held by their track. */
function forgottenVersions(input: HealthInput): Finding[] {
  const held = new Set(input.delivery?.spec.tracks.flatMap((t) => t.builds.map((b) => `${t.name}/${b.build}`)));
  return input.deployments.flatMap((deployment) => {
    const { labels, name = '', creationTimestamp } = deployment.metadata ?? {};
    const track = labels?.[LABELS.track];
    const replicas = deployment.spec?.replicas ?? 1;
    const ageMs = input.now - Date.parse(creationTimestamp ?? '');
    if (track === undefined || replicas === 0 || held.has(`${track}/${labels?.[LABELS.build]}`) || !(ageMs > FORGOTTEN_AFTER_MS)) return [];
    return [finding(input, 'VersionForgotten', 'warning', name, replicas, 0, `${name} runs ${replicas} pods, ${duration(ageMs)} old, and no track holds it`, `kubectl -n ${namespaceOf(input)} delete deployment ${name}`)];
  });
}

function stuckReleases(input: HealthInput): Finding[] {
  return input.releases.flatMap((release) => {
    const { phase, track, message = '', startedAt, history } = release.status ?? {};
    const name = release.metadata?.name ?? '';
    if (phase === undefined || phase === 'Paused' || ENDED_PHASES.includes(phase)) return [];
    const waitsForPerson = release.status?.tracks?.some((t) => t.gates?.some((g) => g.kind === 'approval' && g.state === 'Waiting')) ?? false;
    const quietMs = input.now - Date.parse(history?.at(-1)?.at ?? startedAt ?? '');
    if (waitsForPerson || !(quietMs > STUCK_AFTER_MS)) return [];
    return [finding(input, 'ReleaseStuck', 'warning', name, Math.round(quietMs / 60_000), STUCK_AFTER_MS / 60_000, `release ${name} is ${phase} on ${track ?? 'no track'} for ${duration(quietMs)}: ${message}`, `aweigh release status ${nameOf(input)}`)];
  });
}

function finding(input: HealthInput, rule: HealthRule, severity: Severity, subject: string | undefined, value: number, wanted: number, text: string, next: string): Finding {
  const namespace = namespaceOf(input), application = nameOf(input);
  return { id: `${namespace}/${application}/${rule}/${subject ?? 'router'}`, rule, severity, namespace, application, ...(subject === undefined ? {} : { subject }), message: `${application}: ${text}`, value, wanted, next };
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
