import type { KubernetesObject } from '../../../client/resource.ts';
import type { ServedResource } from '../resources/served-resource.ts';
import { ageOf } from './age.ts';
import { autoscalerRow, budgetRow, cronJobRow, daemonSetRow, deploymentRow, jobRow, replicaSetRow, replicationControllerRow, statefulSetRow } from './workload-rows.ts';
import { claimRow, endpointsRow, endpointSliceRow, eventRow, ingressRow, leaseRow, namespaceRow, nodeRow, roleBindingRow, secretRow, serviceRow, volumeRow, configMapRow, storageClassRow, priorityClassRow, certificateRequestRow } from './cluster-rows.ts';
import { apiServiceRow, attributesClassRow, csiDriverRow, csiNodeRow, flowSchemaRow, ingressClassRow, ipAddressRow, networkPolicyRow, podTemplateRow, policyBindingRow, policyRow, priorityLevelRow, quotaRow, resourceClaimRow, resourceSliceRow, revisionRow, runtimeClassRow, serviceCidrRow, volumeAttachmentRow, webhooksRow } from './other-rows.ts';
import { podRow } from './pod-row.ts';
import type { Cell } from './table.ts';

/** One row of cells, in the order of the kind's columns. */
export type RowFunction = (object: KubernetesObject, nowMs: number) => Cell[];

// Each row function reads its own kind's type; the table below is what pairs them.
const rows: Readonly<Record<string, unknown>> = {
  '/Pod': podRow, '/Service': serviceRow, '/Node': nodeRow, '/Namespace': namespaceRow, '/ConfigMap': configMapRow, '/Secret': secretRow, '/Event': eventRow, 'events.k8s.io/Event': eventRow,
  '/Endpoints': endpointsRow, '/PersistentVolumeClaim': claimRow, '/PersistentVolume': volumeRow, '/ReplicationController': replicationControllerRow,
  'apps/Deployment': deploymentRow, 'apps/ReplicaSet': replicaSetRow, 'apps/StatefulSet': statefulSetRow, 'apps/DaemonSet': daemonSetRow, 'batch/Job': jobRow, 'batch/CronJob': cronJobRow,
  'autoscaling/HorizontalPodAutoscaler': autoscalerRow, 'policy/PodDisruptionBudget': budgetRow, 'discovery.k8s.io/EndpointSlice': endpointSliceRow, 'coordination.k8s.io/Lease': leaseRow,
  'networking.k8s.io/Ingress': ingressRow, 'rbac.authorization.k8s.io/RoleBinding': roleBindingRow, 'rbac.authorization.k8s.io/ClusterRoleBinding': roleBindingRow,
  'storage.k8s.io/StorageClass': storageClassRow, 'scheduling.k8s.io/PriorityClass': priorityClassRow, 'certificates.k8s.io/CertificateSigningRequest': certificateRequestRow,
  '/ResourceQuota': quotaRow, '/PodTemplate': podTemplateRow, 'apps/ControllerRevision': revisionRow, 'networking.k8s.io/IngressClass': ingressClassRow, 'networking.k8s.io/IPAddress': ipAddressRow, 'networking.k8s.io/NetworkPolicy': networkPolicyRow, 'networking.k8s.io/ServiceCIDR': serviceCidrRow,
  'storage.k8s.io/CSIDriver': csiDriverRow, 'storage.k8s.io/CSINode': csiNodeRow, 'storage.k8s.io/VolumeAttachment': volumeAttachmentRow, 'storage.k8s.io/VolumeAttributesClass': attributesClassRow,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooksRow, 'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooksRow, 'admissionregistration.k8s.io/ValidatingAdmissionPolicy': policyRow, 'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': policyBindingRow,
  'node.k8s.io/RuntimeClass': runtimeClassRow, 'resource.k8s.io/ResourceClaim': resourceClaimRow, 'resource.k8s.io/ResourceSlice': resourceSliceRow, 'flowcontrol.apiserver.k8s.io/FlowSchema': flowSchemaRow, 'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': priorityLevelRow, 'apiregistration.k8s.io/APIService': apiServiceRow,
};

/** The row of a built-in kind; name and age, and `<none>` between, where it has none of its own. */
export function rowFunctionFor(resource: ServedResource): RowFunction {
  const own = rows[`${resource.group}/${resource.kind}`] as RowFunction | undefined;
  return own ?? ((object, nowMs) => resource.columns.length === 0
    ? [object.metadata?.name ?? '', ageOf(object.metadata?.creationTimestamp, nowMs)]
    : resource.columns.map((column): Cell => {
      switch (column.name) {
        case 'Name': return object.metadata?.name ?? '';
        case 'Age': return ageOf(object.metadata?.creationTimestamp, nowMs);
        case 'Created At': return object.metadata?.creationTimestamp ?? null;
        default: return column.type === 'integer' ? 0 : '<none>';
      }
    }));
}
