import type { ControllerFactory } from '../../runtime/controller.ts';
import { certificateSigningController, type CertificateSigner } from './certificate-signing/controller.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/controller.ts';
import { cronJobController } from './cron-job/controller.ts';
import { daemonSetController } from './daemon-set/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { disruptionBudgetController } from './disruption-budget/controller.ts';
import { endpointSliceController } from './endpoint-slice/controller.ts';
import { endpointSliceMirroringController } from './endpoint-slice/mirroring-controller.ts';
import { garbageCollectorController } from './garbage-collector/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { persistentVolumeClaimController, persistentVolumeController } from './persistent-volume/controllers.ts';
import { podGarbageCollectorController } from './pod-garbage-collector/controller.ts';
import { replicaSetController, replicationControllerController } from './replicaset/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { serviceAccountController } from './service-account/controller.ts';
import { statefulSetController } from './stateful-set/controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts';
import { volumeAttributesClassController } from './volume-attributes-class/controller.ts';

export interface EngineControllersOptions {
  /** The CA that pods verify the API server by; absent: no namespace is given `kube-root-ca.crt`. */
  readonly rootCaPem?: string;
  /** Signs approved certificate requests; absent: they are left to others. */
  readonly signer?: CertificateSigner;
}

/** What Kubernetes's controller manager does, on any Kubernetes API. */
export function createEngineControllers(options: EngineControllersOptions = {}): readonly ControllerFactory[] {
  return [
    deploymentController,
    replicaSetController,
    replicationControllerController,
    endpointSliceController,
    endpointSliceMirroringController,
    garbageCollectorController,
    namespaceController,
    nodeLifecycleController,
    podGarbageCollectorController,
    persistentVolumeClaimController,
    persistentVolumeController,
    statefulSetController,
    daemonSetController,
    jobController,
    cronJobController,
    horizontalPodAutoscalerController,
    resourceQuotaController,
    ttlAfterFinishedController,
    disruptionBudgetController,
    volumeAttributesClassController,
    clusterRoleAggregationController,
    serviceAccountController(options.rootCaPem),
    ...(options.signer === undefined ? [] : [certificateSigningController(options.signer)]),
  ];
}
