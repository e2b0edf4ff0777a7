import { CLUSTER_ROLES } from '../../api/access.ts';
import { GROUP } from '../../api/group.ts';
import { kindsThatNameImages } from '../../api/kinds.ts';
import { bootstrapRoles, type AccessObjects } from '../../engine/apiserver/bootstrap/roles.ts';

/** Who each part of an embedded cluster is to its API server. The node process runs several nodes, so it is no `system:node:NAME`, whose credentials are good for one. */
export const PART_USERS = { controlPlane: 'system:aweigh-control-plane', node: 'system:aweigh-node', network: 'system:kube-proxy' } as const;

/** One process does the work of Kubernetes's controller manager, its scheduler and Aweigh's controllers: it holds their roles. */
const controlPlaneRoles = (): string[] => {
  const own = ['system:kube-controller-manager', 'system:kube-scheduler', 'system:volume-scheduler', 'aweigh:controllers', 'aweigh:control-plane'];
  const controllers = bootstrapRoles().flatMap(({ object }) => (object.kind === 'ClusterRole' && object.metadata?.name?.startsWith('system:controller:') === true ? [object.metadata.name] : []));
  return [...own, ...controllers];
};

const binding = (role: string, user: string): AccessEntry => ({
  metadata: { name: `aweigh:${role}`, labels: { 'app.kubernetes.io/managed-by': 'aweigh' } },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
});

type AccessEntry = NonNullable<AccessObjects['clusterroles']>[number] & { readonly [field: string]: unknown };

/** Roles and bindings of the parts, so that none of them needs to be a member of system:masters. */
export const partAccess = (): AccessObjects => ({
  clusterroles: [
    ...CLUSTER_ROLES,
    // What this engine's parts do beyond what Kubernetes's own do.
    { metadata: { name: 'aweigh:control-plane' }, rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['create'] }, { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['create'] }] },
    { metadata: { name: 'aweigh:node' }, rules: [{ apiGroups: [''], resources: ['namespaces', 'persistentvolumeclaims', 'persistentvolumes'], verbs: ['get', 'list', 'watch'] }] },
    // Volumes that are folders of the nodes.
    { metadata: { name: 'aweigh:local-volumes' }, rules: [{ apiGroups: [''], resources: ['persistentvolumes'], verbs: ['create', 'delete'] }, { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] }] },
    // Which images are named, so that others may go.
    { metadata: { name: 'aweigh:image-collector' }, rules: [
      { apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'], verbs: ['list'] }, { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['list'] },
      { apiGroups: [GROUP], resources: kindsThatNameImages.map((k) => k.plural), verbs: ['list'] },
    ] },
    // Which Services have ports that cannot be opened.
    { metadata: { name: 'aweigh:network' }, rules: [{ apiGroups: [''], resources: ['services/status'], verbs: ['patch'] }] },
  ],
  clusterrolebindings: [
    ...controlPlaneRoles().map((role) => binding(role, PART_USERS.controlPlane)),
    binding('system:node', PART_USERS.node),
    binding('aweigh:node', PART_USERS.node),
    binding('aweigh:local-volumes', PART_USERS.node),
    binding('aweigh:image-collector', PART_USERS.node),
    binding('aweigh:network', PART_USERS.network),
  ],
});
