import type { KindRules } from './built-in-kind.ts';
import { controllerRevision } from './apps/controller-revision.ts';
import { daemonSet } from './apps/daemon-set.ts';
import { deployment } from './apps/deployment.ts';
import { replicaSet } from './apps/replica-set.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { cronJob } from './batch/cron-job.ts';
import { job } from './batch/job.ts';
import { configMap } from './core/config-map.ts';
import { limitRange, resourceQuota } from './core/limits.ts';
import { namespace } from './core/namespace.ts';
import { pod } from './core/pod/pod.ts';
import { secret } from './core/secret.ts';
import { service } from './core/service.ts';
import { endpoints, node, podTemplate, replicationController, serviceAccount } from './core/small-kinds.ts';
import { persistentVolume, persistentVolumeClaim } from './core/storage.ts';
import { horizontalPodAutoscaler, horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler.ts';
import { lease } from './coordination/lease.ts';
import { endpointSlice } from './discovery/endpoint-slice.ts';
import { ingress, ingressClass } from './networking/ingress.ts';
import { networkPolicy } from './networking/network-policy.ts';
import { ipAddressKind, serviceCidr } from './networking/service-cidr.ts';
import { runtimeClass } from './node/runtime-class.ts';
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac/rbac.ts';
import { priorityClass } from './scheduling/priority-class.ts';
import { csiDriver, csiNode, csiStorageCapacity, storageClass, volumeAttachment, volumeAttributesClass } from './storage/storage.ts';
import { validatingAdmissionPolicy, validatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './admissionregistration/webhook-configuration.ts';
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { apiService } from './apiregistration/api-service.ts';
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts';
import { flowSchema, priorityLevelConfiguration } from './flowcontrol/flowcontrol.ts';
import { event, eventsEvent } from './events/event.ts';
import { localSubjectAccessReview, otherReviews, selfSubjectAccessReview, subjectAccessReview } from './authorization/access-reviews.ts';
import { resourceSlice } from './resource/resource-slice.ts';
import { deviceClass, resourceClaim, resourceClaimTemplate } from './resource/device-claims.ts';

export const builtInRules: readonly KindRules[] = [
  configMap, endpoints, event, limitRange, namespace, node, persistentVolume, persistentVolumeClaim, pod, podTemplate, replicationController, resourceQuota, secret, service, serviceAccount,
  controllerRevision, daemonSet, deployment, replicaSet, statefulSet, cronJob, job,
  horizontalPodAutoscaler, horizontalPodAutoscalerV1, lease, endpointSlice, ingress, ingressClass, networkPolicy, ipAddressKind, serviceCidr, runtimeClass, podDisruptionBudget,
  clusterRole, clusterRoleBinding, role, roleBinding, priorityClass, csiDriver, csiNode, csiStorageCapacity, storageClass, volumeAttachment, volumeAttributesClass,
  validatingAdmissionPolicy, validatingAdmissionPolicyBinding, mutatingWebhookConfiguration, validatingWebhookConfiguration, customResourceDefinition, apiService, certificateSigningRequest, flowSchema, priorityLevelConfiguration,
  deviceClass, eventsEvent, resourceClaim, resourceClaimTemplate, resourceSlice,
  ...otherReviews, localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview,
];
