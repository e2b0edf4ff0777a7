import type { KubernetesObject } from '../../../client/resource.ts';
import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import type { BootstrapObject } from './objects.ts';

const group = 'rbac.authorization.k8s.io';
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const rule = (apiGroups: string[], resources: string[], verbs: string[]): PolicyRule => ({ apiGroups, resources, verbs });

const viewed: readonly (readonly [string, string[]])[] = [
  ['', ['configmaps', 'endpoints', 'events', 'limitranges', 'namespaces', 'namespaces/status', 'persistentvolumeclaims', 'persistentvolumeclaims/status', 'pods', 'pods/log', 'pods/status', 'replicationcontrollers', 'replicationcontrollers/scale', 'replicationcontrollers/status', 'resourcequotas', 'resourcequotas/status', 'serviceaccounts', 'services', 'services/status']],
  ['apps', ['controllerrevisions', 'daemonsets', 'daemonsets/status', 'deployments', 'deployments/scale', 'deployments/status', 'replicasets', 'replicasets/scale', 'replicasets/status', 'statefulsets', 'statefulsets/scale', 'statefulsets/status']],
  ['autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']], ['batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']],
  ['discovery.k8s.io', ['endpointslices']], ['networking.k8s.io', ['ingresses', 'ingresses/status', 'networkpolicies']], ['policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status']],
];

const edited: readonly (readonly [string, string[]])[] = [
  ['', ['configmaps', 'events', 'persistentvolumeclaims', 'pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'pods/eviction', 'replicationcontrollers', 'replicationcontrollers/scale', 'secrets', 'serviceaccounts', 'serviceaccounts/token', 'services', 'services/proxy']],
  ['apps', ['daemonsets', 'deployments', 'deployments/rollback', 'deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale']],
  ['autoscaling', ['horizontalpodautoscalers']], ['batch', ['cronjobs', 'jobs']], ['networking.k8s.io', ['ingresses', 'networkpolicies']], ['policy', ['poddisruptionbudgets']], ['coordination.k8s.io', ['leases']],
];

const viewRules = viewed.map(([g, resources]) => rule([g], resources, read));
const editRules = [...edited.map(([g, resources]) => rule([g], resources, write)), rule([''], ['secrets', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'], read), rule(['coordination.k8s.io'], ['leases'], read), rule([''], ['serviceaccounts'], ['impersonate'])];
const adminRules = [rule([group], ['rolebindings', 'roles'], [...read, ...write]), rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create'])];

const roles: readonly { readonly name: string; readonly rules: readonly PolicyRule[]; readonly aggregatesTo?: string; readonly aggregates?: string }[] = [
  { name: 'cluster-admin', rules: [rule(['*'], ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }] },
  { name: 'admin', rules: [], aggregates: 'admin' }, { name: 'edit', rules: [], aggregates: 'edit' }, { name: 'view', rules: [], aggregates: 'view' },
  { name: 'system:aggregate-to-admin', rules: adminRules, aggregatesTo: 'admin' }, { name: 'system:aggregate-to-edit', rules: editRules, aggregatesTo: 'edit' }, { name: 'system:aggregate-to-view', rules: viewRules, aggregatesTo: 'view' },
  { name: 'system:discovery', rules: [{ nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'], verbs: ['get'] }] },
  { name: 'system:basic-user', rules: [rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']), rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create'])] },
  { name: 'system:service-account-issuer-discovery', rules: [{ nonResourceURLs: ['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'], verbs: ['get'] }] },
];

const bindings: readonly (readonly [string, string])[] = [['cluster-admin', 'system:masters'], ['system:discovery', 'system:authenticated'], ['system:basic-user', 'system:authenticated'], ['system:service-account-issuer-discovery', 'system:serviceaccounts']];

/** The roles and bindings that every cluster has. `admin`, `edit` and `view` are unions of the roles that aggregate to them. */
export function bootstrapRoles(): BootstrapObject[] {
  const aggregation = (name: string): object => ({ aggregationRule: { clusterRoleSelectors: (name === 'admin' ? ['admin', 'edit', 'view'] : name === 'edit' ? ['edit', 'view'] : ['view']).map((n) => ({ matchLabels: { [`${group}/aggregate-to-${n}`]: 'true' } })) } });
  return [
    ...roles.map(({ name, rules, aggregatesTo, aggregates }): BootstrapObject => ({
      storage: `${group}/clusterroles`,
      object: { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name, labels: { ...labels, ...(aggregatesTo !== undefined && { [`${group}/aggregate-to-${aggregatesTo}`]: 'true' }) } }, ...(aggregates !== undefined && aggregation(aggregates)), rules } as KubernetesObject,
    })),
    ...bindings.map(([role, subject]): BootstrapObject => ({
      storage: `${group}/clusterrolebindings`,
      object: { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name: role, labels }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: role }, subjects: [{ apiGroup: group, kind: 'Group', name: subject }] } as KubernetesObject,
    })),
  ];
}
