import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/** An immutable thing to release. Its name is `<application>-<version>`. */
export interface Build extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: BuildSpec;
  status?: { observedGeneration?: number; conditions?: Condition[] };
}

/** Never changes after creation, but for `config`, which is set once. */
export interface BuildSpec {
  application: string;
  /** Such as `v1.18.0`; unique within the Application. */
  version: string;
  /** `name@sha256:…`. */
  image: string;
  /** The tag that the image had when it was pushed. */
  imageTag?: string;
  commit?: string;
  message?: string;
  author?: string;
  /** Builds of several Applications that are released together. */
  group?: BuildGroup;
  /** Set once, when the Build is new; absent where the Application names no configuration. */
  config?: BuildConfig;
}

/** Every member names the same: the group is whole when each of its Applications has a Build in it. */
export interface BuildGroup {
  name: string;
  /** Applications of the namespace, this one among them, in the order that `inOrder` means. */
  applications: string[];
  /** On each track, `together` (default): all at once; `inOrder`: one after another. Either way none goes on to the next track before all may. */
  order?: 'together' | 'inOrder';
}

/** The ConfigMaps and Secrets that the Application named when the Build was new: its pods read copies of them, so that they roll back with it. */
export interface BuildConfig {
  configMaps?: { name: string; digest: string; data?: Record<string, string>; binaryData?: Record<string, string> }[];
  /** Their content stands in the cluster only. The digest is slow to compute, so that it tells nothing of a weak secret. */
  secrets?: { name: string; digest: string }[];
}
