import type { FreezeWindow } from '../application/application.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';

/** What holds for the releases of many Applications together: of the whole cluster, or of some namespaces. Several policies hold all at once. */
export interface ReleasePolicy extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: ReleasePolicySpec;
}

export interface ReleasePolicySpec {
  /** Absent: every namespace. */
  namespaces?: string[];
  /** Releases that may be in motion at once; a group of releases counts as one. Further promotions wait their turn, first come first served. */
  releasesInMotion?: number;
  /** As those of an Application. */
  freezeWindows?: FreezeWindow[];
}
