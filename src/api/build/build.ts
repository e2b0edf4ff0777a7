import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/** An immutable thing to release. Its name is `<application>-<version>`. */
export interface Build extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: BuildSpec;
  status?: { observedGeneration?: number; conditions?: Condition[] };
}

/** Never changes after creation. */
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
  /** Data of ConfigMaps the template names, as they were when the Build was made: they roll back with it. */
  configMaps?: { name: string; data: Record<string, string> }[];
}
