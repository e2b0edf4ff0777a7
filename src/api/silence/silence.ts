import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';

/** Until its end nobody is told of a service of its namespace; what is wrong then is told when it ends. */
export interface Silence extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: SilenceSpec;
}

export interface SilenceSpec {
  /** `*`: every service of the namespace. */
  service: string;
  /** Only this rule, such as `TrackOverReplicated`. Default: all. */
  rule?: string;
  /** RFC 3339. */
  until: string;
  actor: string;
  reason: string;
}
