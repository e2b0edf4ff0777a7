import type { ClusterRole, PolicyRule } from '../kubernetes/types.generated.ts';
import { GROUP } from './group.ts';

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete'];
const rule = (apiGroup: string, resources: string[], verbs: string[]): PolicyRule => ({ apiGroups: [apiGroup], resources, verbs });

/** What Aweigh's own controllers need, and no more: on a cluster of others they run with these rights alone. */
export const CONTROLLER_RULES: readonly PolicyRule[] = [
  rule(GROUP, ['*'], [...read, ...write]),
  rule('apiextensions.k8s.io', ['customresourcedefinitions'], [...read, 'create', 'update', 'patch']),
  rule('apps', ['deployments'], [...read, ...write]),
  rule('apps', ['replicasets'], read),
  rule('', ['services', 'configmaps', 'secrets'], [...read, ...write]),
  // A router that cannot be told is deleted, for its ReplicaSet to make another.
  rule('', ['pods'], [...read, 'delete']),
  rule('', ['namespaces', 'nodes', 'resourcequotas'], read),
  rule('batch', ['jobs'], [...read, ...write]),
  rule('', ['pods/log'], ['get']),
  rule('discovery.k8s.io', ['endpointslices'], read),
  rule('autoscaling', ['horizontalpodautoscalers'], [...read, ...write]),
  rule('policy', ['poddisruptionbudgets'], [...read, ...write]),
  rule('gateway.networking.k8s.io', ['gateways'], read),
  rule('gateway.networking.k8s.io', ['httproutes'], [...read, ...write]),
  rule('coordination.k8s.io', ['leases'], [...read, ...write]),
  rule('', ['events'], ['create', 'patch', 'update']),
  rule('events.k8s.io', ['events'], ['create', 'patch', 'update']),
  // Who may approve or push is RBAC's to say.
  rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
];

/** People steer Applications, Sources, Builds and Releases, and say how health is judged and told; what is written between controllers they only see. */
const STEERED = ['applications', 'builds', 'releases', 'sources', 'healthpolicies', 'notificationchannels', 'silences'];

/** Roles that join Kubernetes's own `view` and `edit` (and so `admin`), and the controllers' role. */
export const CLUSTER_ROLES: readonly (Pick<ClusterRole, 'rules'> & { readonly metadata: { readonly name: string; readonly labels?: Record<string, string> } })[] = [
  { metadata: { name: 'aweigh:controllers' }, rules: [...CONTROLLER_RULES] },
  { metadata: { name: 'aweigh:view', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }, rules: [rule(GROUP, ['*'], read)] },
  { metadata: { name: 'aweigh:edit', labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } }, rules: [rule(GROUP, STEERED, [...write, 'deletecollection'])] },
];
