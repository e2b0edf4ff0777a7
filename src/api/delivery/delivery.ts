import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/**
 * What an Application is to be in the cluster right now: which Builds each track holds, how many pods of each, and who gets which.
 * The release controller alone writes it, one object an Application, same name. The record controller commits it and the specs that
 * follow from it to git, then applies the specs: so every change is a commit before it is in the cluster.
 */
export interface Delivery extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: DeliverySpec;
  status?: DeliveryStatus;
}

export interface DeliverySpec {
  application: string;
  tracks: DeliveryTrack[];
  router: { replicas: number };
  /** Why this change, for the commit: every write of the spec sets it anew. */
  change: DeliveryChange;
}

export interface DeliveryTrack {
  name: string;
  /** The Build that the track's Service selects and its segment reaches. Absent before the first Build is ready. */
  serving?: string;
  /** Share of the segment for `serving`, 0 to 100. */
  percent: number;
  /** True: nobody reaches `serving`, listed users neither, while the track is put back. */
  closed?: boolean;
  /** Every Build that has pods here. */
  builds: DeliveryBuild[];
  /** Only on the last track while its share grows in steps: `build` takes `percent` of production's users, `serving` the rest. */
  next?: { build: string; percent: number };
}

export interface DeliveryBuild {
  build: string;
  /** Wanted pods; the least where `autoscaled`. */
  replicas: number;
  /** True: an autoscaler chooses their number. */
  autoscaled?: boolean;
}

export interface DeliveryChange {
  release?: string;
  track?: string;
  actor: string;
  /** PascalCase, such as `ScaleUp`, `Shift`, `ScaleDown`, `Rollback`, `Restore`. */
  reason: string;
  message: string;
}

export interface DeliveryStatus {
  /** The generation that is committed and applied. */
  observedGeneration?: number;
  /** Commit of `observedGeneration`. */
  commit?: string;
  conditions?: Condition[];
  /** Objects whose live state differs from the record, and the last that were put right or adopted. */
  drift?: Drift[];
}

export interface Drift {
  /** `Kind/name`. */
  object: string;
  /** Such as `spec.template.spec.containers[app].image`. */
  fields: string[];
  outcome: 'Mended' | 'Adopted' | 'Reported';
  at: string;
  /** The field manager that wrote last, such as `kubectl-edit`. */
  by?: string;
}

/** Condition of a Delivery: False while the API refuses a spec that follows from it; the message begins with `<kind> <name>: `. */
export const APPLIED = 'Applied';
