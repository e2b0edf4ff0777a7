import type { Application } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { ResolvedHealthPolicy } from '../../api/health-policy/health-policy.ts';
import type { Release } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import type { Finding, HealthRule, Severity } from './finding.ts';

/** All that the verdict on one service needs. A service is an Application, or what Services labelled `tier: service` share one label `app`. */
export interface ServiceInput {
  readonly namespace: string;
  readonly service: string;
  readonly application?: Application;
  readonly delivery?: Delivery;
  readonly releases: readonly Release[];
  readonly tracks: readonly TrackInput[];
  /** The Deployment of its routers. */
  readonly router?: Deployment;
  /** Present: Gateways of the cluster choose the versions. While another kind takes over from them they are what users come through, and so with routers. */
  readonly routedByGateways?: Router;
  /** Present: Gateways of the cluster lead to its routers. */
  readonly ledByGateways?: Router;
  /** It is to have routers: it has an Application, or its Services say `lb`. */
  readonly wantsRouter: boolean;
  /** Deployments of its tracks, whoever made them. */
  readonly deployments: readonly VersionInput[];
  readonly policy: ResolvedHealthPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface TrackInput {
  readonly name: string;
  /** Absent: there is none of this track. */
  readonly trackService?: string;
  /** Selector of its Service, as `kubectl -l` takes it. */
  readonly selector: string;
  /** Ready endpoints of what it serves. */
  readonly ready: number;
  readonly wanted: number;
  /** Where an autoscaler owns the number: the most that it may choose. */
  readonly most: number;
  readonly floor: number;
  /** Version that the record serves here. Absent: none, or no record. */
  readonly version?: string;
  /** Builds of this track in the record; undefined where there is no record. */
  readonly recorded?: boolean;
}

export interface VersionInput {
  readonly deployment: Deployment;
  /** Some track holds it, or its Service selects it. */
  readonly held: boolean;
}

/** Makes a finding of a service: says its name once and for all. */
export function finding(input: Pick<ServiceInput, 'namespace' | 'service'>, rule: HealthRule, severity: Severity, subject: string, said: { value: number; wanted: number; text: string; next: string; tellAfterMs?: number }): Finding {
  const { namespace, service } = input;
  const { text, tellAfterMs = 0, ...rest } = said;
  return { id: `${namespace}/${service}/${subject}`, rule, severity, namespace, service, subject, message: `${service}: ${text}`, ...rest, tellAfterMs };
}

/** `1 endpoint`, `2 endpoints`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1_000))} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}
