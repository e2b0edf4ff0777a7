import { ReplicaSets, ReplicationControllers } from '../../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../../client/resource.ts';
import type { ReplicaSet, ReplicationController } from '../../../kubernetes/types.generated.ts';

/** A kind that keeps a number of pods. All are seen as ReplicaSets; they differ in where they are kept and how they select. */
export interface ReplicatedKind {
  readonly name: string;
  readonly resource: Resource<KubernetesObject>;
  readonly apiVersion: string;
  readonly kind: string;
  asReplicaSet(object: KubernetesObject): ReplicaSet;
}

export const replicaSets: ReplicatedKind = {
  name: 'replicaset', resource: ReplicaSets, apiVersion: 'apps/v1', kind: 'ReplicaSet',
  asReplicaSet: (object) => object as ReplicaSet,
};

/** The older kind selects by labels alone. */
export const replicationControllers: ReplicatedKind = {
  name: 'replicationcontroller', resource: ReplicationControllers, apiVersion: 'v1', kind: 'ReplicationController',
  asReplicaSet(object) {
    const controller = object as ReplicationController;
    return { ...controller, spec: { ...controller.spec, selector: { matchLabels: controller.spec?.selector ?? {} } } } as ReplicaSet;
  },
};
