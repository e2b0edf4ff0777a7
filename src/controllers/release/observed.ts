import type { Application } from '../../api/application/application.ts';
import type { ResolvedTrack } from '../../api/application/defaults.ts';
import type { Build } from '../../api/build/build.ts';
import { APPLIED, type Delivery } from '../../api/delivery/delivery.ts';
import { backendName, candidateServiceName, trackDeploymentName } from '../../api/names.ts';
import type { Release } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import type { GroupMember } from './group.ts';
import type { Places } from './places.ts';
import type { Deployment, EndpointSlice, Job } from '../../kubernetes/types.generated.ts';

/** All that one decision about an Application rests on. */
export interface Observed {
  readonly application: Application;
  readonly builds: readonly Build[];
  readonly releases: readonly Release[];
  readonly delivery?: Delivery;
  readonly router?: Router;
  readonly deployments: readonly Deployment[];
  readonly jobs: readonly Job[];
  /** Slices of the Application's version Services. */
  readonly slices: readonly EndpointSlice[];
  /** The other members of each group that a Build of the Application is in, by the group's name. */
  readonly groups: ReadonlyMap<string, readonly GroupMember[]>;
  /** What each ReleasePolicy of the namespace says now. */
  readonly places: readonly Places[];
  /** What was measured for gates that look outside the cluster, by {@link gateKey}. */
  readonly verdicts: ReadonlyMap<string, GateVerdict>;
  /** Why pods that a release waits for do not become ready, by {@link stallKey}, where somebody looked. */
  readonly stalls?: ReadonlyMap<string, Stall>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface GateVerdict {
  readonly state: 'Running' | 'Passed' | 'Failed' | 'Inconclusive';
  readonly message: string;
  readonly values?: Record<string, number | string>;
}

export interface Stall {
  readonly kind: 'image' | 'container' | 'program' | 'unready' | 'place';
  readonly message: string;
  readonly wayOut: string;
}

export const stallKey = (track: string, build: string): string => `${track}/${build}`;

export function gateKey(release: string, track: string, gate: string): string {
  return `${release}/${track}/${gate}`;
}

export function nameOf(object: { readonly metadata?: { readonly name?: string } }): string {
  return object.metadata?.name ?? '';
}

export function buildOf(observed: Observed, name: string): Build | undefined {
  return observed.builds.find((b) => nameOf(b) === name);
}

export function versionOf(observed: Observed, build: string): string {
  return buildOf(observed, build)?.spec.version ?? build;
}

export function deploymentOf(observed: Observed, track: ResolvedTrack, build: string): Deployment | undefined {
  const name = trackDeploymentName(nameOf(observed.application), track, versionOf(observed, build));
  return observed.deployments.find((d) => nameOf(d) === name);
}

/** When the pods of a build on a track were first asked for here, in milliseconds; undefined where nobody says. In a cluster that was built anew that is after the release did so. */
export function askedForAt(observed: Observed, track: ResolvedTrack, build: string): number | undefined {
  const made = (deploymentOf(observed, track, build) ?? observed.delivery)?.metadata?.creationTimestamp;
  return made === undefined ? undefined : Date.parse(made);
}

/** All pods of a build on a track have been ready at some time since they were asked for here. */
export function wasComplete(observed: Observed, track: ResolvedTrack, build: string): boolean {
  return deploymentOf(observed, track, build)?.status?.conditions?.some((c) => c.type === 'Progressing' && c.reason === 'NewReplicaSetAvailable') === true;
}

/** Ready pods of a build's current template on a track: 0 while the Deployment controller has not yet seen the spec. */
export function readyReplicas(observed: Observed, track: ResolvedTrack, build: string): number {
  const deployment = deploymentOf(observed, track, build);
  if (deployment === undefined || (deployment.status?.observedGeneration ?? 0) < (deployment.metadata?.generation ?? 0)) return 0;
  return Math.min(deployment.status?.readyReplicas ?? 0, deployment.status?.updatedReplicas ?? 0);
}

/** Ready endpoints of a build on a track, whichever template they are of: what can take users now. Routers know pods by these alone, and a Deployment may say sooner that its pods are ready. */
export function readyEndpoints(observed: Observed, track: ResolvedTrack, build: string): number {
  const counts = [...Map.groupBy(slicesOf(observed, track, build), (slice) => slice.addressType).values()].map((slices) => slices.reduce((sum, { endpoints }) => sum + (endpoints ?? []).filter((e) => e.conditions?.ready !== false).length, 0));
  return Math.max(0, ...counts);
}

function slicesOf(observed: Observed, track: ResolvedTrack, build: string): EndpointSlice[] {
  const service = candidateServiceName(nameOf(observed.application), track, versionOf(observed, build));
  return observed.slices.filter((slice) => slice.metadata?.labels?.['kubernetes.io/service-name'] === service);
}

/** `host:port` of every ready pod of a build on a track, for the first port of the Application. */
export function readyAddresses(observed: Observed, track: ResolvedTrack, build: string): string[] {
  return slicesOf(observed, track, build)
    .flatMap((slice) => {
      const port = slice.ports?.[0]?.port;
      return (slice.endpoints ?? []).flatMap((e) => (e.conditions?.ready === false || port === undefined ? [] : e.addresses.map((a) => (a.includes(':') ? `[${a}]:${port}` : `${a}:${port}`))));
    })
    .sort();
}

/** The record committed and applied the newest spec of the Delivery. */
export function deliveryApplied({ delivery }: Observed): boolean {
  return delivery !== undefined && delivery.status?.observedGeneration === delivery.metadata?.generation;
}

/** Every router was told the newest rules and answered so. */
export function routersAgree({ router }: Observed): boolean {
  return router !== undefined && router.status?.observedGeneration === router.metadata?.generation && router.status?.observed !== undefined;
}

/** Why the routers have not all taken the newest rules, as the Router says; undefined where it says nothing of them. */
export function untoldBecause({ router }: Observed): string | undefined {
  const told = router?.status?.conditions?.find((c) => c.type === 'Told');
  return told?.status === 'False' && told.observedGeneration === router?.metadata?.generation ? told.message : undefined;
}

/** Users of the track whom the routers, as read back, send to `build`: 0 to 100, undefined while the routers do not agree. */
export function observedPercent(observed: Observed, track: ResolvedTrack, build: string): number | undefined {
  const answer = observed.router?.status?.observed;
  if (answer === undefined || !routersAgree(observed)) return undefined;
  const backend = backendName(track.name, versionOf(observed, build));
  if (!track.last) {
    const route = answer.routes.find((r) => r.segment === track.segment);
    return route?.backend === backend ? route.share / 100 : 0;
  }
  const { production } = answer;
  const next = production.next === undefined ? 0 : production.next.share / 100;
  if (production.next?.backend === backend) return next;
  return production.backend === backend ? 100 - next : 0;
}

/** Why the API refuses the Deployment of a build on a track; undefined where it does not. */
export function refusal(observed: Observed, track: ResolvedTrack, build: string): string | undefined {
  const condition = observed.delivery?.status?.conditions?.find((c) => c.type === APPLIED && c.status === 'False');
  const name = trackDeploymentName(nameOf(observed.application), track, versionOf(observed, build));
  return condition?.observedGeneration === observed.delivery?.metadata?.generation && condition?.message.startsWith(`Deployment ${name}: `) ? condition.message : undefined;
}
