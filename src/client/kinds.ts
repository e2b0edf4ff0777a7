import type * as k from '../kubernetes/types.generated.ts';
import { resource } from './resource.ts';

/** The built-in kinds that Aweigh's own parts read and write. */
export const Pods = resource<k.Pod>('', 'v1', 'pods', 'Pod');
export const Services = resource<k.Service>('', 'v1', 'services', 'Service');
export const ConfigMaps = resource<k.ConfigMap>('', 'v1', 'configmaps', 'ConfigMap');
export const Secrets = resource<k.Secret>('', 'v1', 'secrets', 'Secret');
export const ServiceAccounts = resource<k.ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const Namespaces = resource<k.Namespace>('', 'v1', 'namespaces', 'Namespace', false);
export const Nodes = resource<k.Node>('', 'v1', 'nodes', 'Node', false);
export const Events = resource<k.Event>('', 'v1', 'events', 'Event');
export const Endpoints = resource<k.Endpoints>('', 'v1', 'endpoints', 'Endpoints');
export const PersistentVolumeClaims = resource<k.PersistentVolumeClaim>('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim');
export const ResourceQuotas = resource<k.ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota');
export const Deployments = resource<k.Deployment>('apps', 'v1', 'deployments', 'Deployment');
export const ReplicaSets = resource<k.ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet');
export const StatefulSets = resource<k.StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet');
export const DaemonSets = resource<k.DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet');
export const Jobs = resource<k.Job>('batch', 'v1', 'jobs', 'Job');
export const CronJobs = resource<k.CronJob>('batch', 'v1', 'cronjobs', 'CronJob');
export const EndpointSlices = resource<k.EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice');
export const Leases = resource<k.Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const HorizontalPodAutoscalers = resource<k.HorizontalPodAutoscaler>('autoscaling', 'v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler');
export const PodDisruptionBudgets = resource<k.PodDisruptionBudget>('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget');
export const CustomResourceDefinitions = resource<k.CustomResourceDefinition>('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', false);
export const CertificateSigningRequests = resource<k.CertificateSigningRequest>('certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest', false);
export const ClusterRoles = resource<k.ClusterRole>('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false);
export const ControllerRevisions = resource<k.ControllerRevision>('apps', 'v1', 'controllerrevisions', 'ControllerRevision');
