import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { LabelSelector, ObjectMeta } from '../../kubernetes/types.generated.ts';

/**
 * What health means in a namespace, and what may be cleaned up there. One a namespace, named `default`; the one in `aweigh-system` holds for
 * every namespace that has none. Without any, the defaults hold.
 */
export interface HealthPolicy extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: HealthPolicySpec;
}

export interface HealthPolicySpec {
  /** Of services without an Application: those say themselves how many routers they want. Defaults 4 and 2. */
  routers?: { replicas?: number; floor?: number };
  /** Of services without an Application. Default 2. */
  endpointFloor?: number;
  /** Tracks that every service without an Application has to have. Default: those that it has. */
  tracks?: string[];
  /** How long a difference in numbers may last before it is told; what is critical is told at once. Default 30. */
  warnAfterSeconds?: number;
  /** A version that no track holds was forgotten when it is so old. Default 600. */
  forgottenAfterSeconds?: number;
  /** A release that says nothing new for so long is stuck. Default 1,800. */
  stuckAfterSeconds?: number;
  /** A release that waits for a person for so long was forgotten. Default 86,400. */
  personAfterSeconds?: number;
  cleanUp?: CleanUpPolicy;
}

export interface CleanUpPolicy {
  /** `Off` (default): forgotten versions are shown; `Delete`: they are deleted. */
  mode?: 'Off' | 'Delete';
  /** Age from which a forgotten version may go. Default 86,400. */
  afterSeconds?: number;
  /** What may go beside what Aweigh made itself. Absent: nothing. */
  selector?: LabelSelector;
}

export type ResolvedHealthPolicy = Required<Omit<HealthPolicySpec, 'routers' | 'cleanUp' | 'tracks'>> & {
  readonly routers: { readonly replicas: number; readonly floor: number };
  readonly tracks: readonly string[];
  readonly cleanUp: { readonly mode: 'Off' | 'Delete'; readonly afterSeconds: number; readonly selector?: LabelSelector };
};

/** The policy with every absent field at its default. */
export function resolveHealthPolicy(policy: HealthPolicy | undefined): ResolvedHealthPolicy {
  const spec = policy?.spec ?? {};
  const replicas = spec.routers?.replicas ?? 4;
  return {
    routers: { replicas, floor: spec.routers?.floor ?? Math.min(2, replicas) },
    endpointFloor: spec.endpointFloor ?? 2,
    tracks: spec.tracks ?? [],
    warnAfterSeconds: spec.warnAfterSeconds ?? 30,
    forgottenAfterSeconds: spec.forgottenAfterSeconds ?? 600,
    stuckAfterSeconds: spec.stuckAfterSeconds ?? 1_800,
    personAfterSeconds: spec.personAfterSeconds ?? 86_400,
    cleanUp: { mode: spec.cleanUp?.mode ?? 'Off', afterSeconds: spec.cleanUp?.afterSeconds ?? 86_400, ...(spec.cleanUp?.selector && { selector: spec.cleanUp.selector }) },
  };
}
