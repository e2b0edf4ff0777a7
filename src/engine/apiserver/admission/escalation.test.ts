import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ClusterRoles, Pods } from '../../../client/kinds.ts';
import { resource, type KubernetesObject } from '../../../client/resource.ts';
import { StatusError } from '../../../client/status-error.ts';
import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

const group = 'rbac.authorization.k8s.io';
const Roles = resource<KubernetesObject & { rules?: PolicyRule[] }>(group, 'v1', 'roles', 'Role');
const RoleBindings = resource<KubernetesObject & { roleRef?: object; subjects?: object[] }>(group, 'v1', 'rolebindings', 'RoleBinding');
const ClusterRoleBindings = resource<KubernetesObject & { roleRef?: object; subjects?: object[] }>(group, 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false);

let api: ServerFixture;
let admin: Client;
let tenant: Client;

/** `tenant` is admin of the namespace default and of nothing else. */
beforeAll(async () => {
  api = await startServerFixture({ staticTokens: [{ token: 'tenant-token', user: 'tenant', groups: [] }] });
  admin = api.client;
  tenant = api.clientOf('tenant-token');
  await admin.create(RoleBindings, binding('tenants', 'ClusterRole', 'admin'));
});
afterAll(() => api.stop());

const binding = (name: string, kind: string, role: string) => ({ metadata: { name, namespace: 'default' }, roleRef: { apiGroup: group, kind, name: role }, subjects: [{ kind: 'User', apiGroup: group, name: 'tenant' }] });
const role = (name: string, rules: PolicyRule[]) => ({ metadata: { name, namespace: 'default' }, rules });
const refused = (e: unknown): boolean => e instanceof StatusError && e.code === 403;

test('a user makes a role of rights that they hold', async () => {
  await tenant.create(Roles, role('readers', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]));
  await tenant.create(RoleBindings, binding('readers', 'Role', 'readers'));
});

test('a role with rights that its author lacks is refused, made or changed, and says which', async () => {
  const nodes: PolicyRule = { apiGroups: [''], resources: ['nodes'], verbs: ['get'] };
  await expect(tenant.create(Roles, role('wide', [nodes]))).rejects.toThrow(/lacks .*nodes/);
  const held = await tenant.create(Roles, role('narrow', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]));
  await expect(tenant.update(Roles, { ...held, rules: [nodes] })).rejects.toSatisfy(refused);
  await expect(tenant.patch(Roles, { namespace: 'default', name: 'narrow' }, { rules: [nodes] })).rejects.toSatisfy(refused);
});

test('a binding to a role that its author does not hold is refused, also to a role that is yet to come', async () => {
  await expect(tenant.create(RoleBindings, binding('all', 'ClusterRole', 'cluster-admin'))).rejects.toSatisfy(refused);
  await expect(tenant.create(RoleBindings, binding('later', 'Role', 'not-there-yet'))).rejects.toSatisfy(refused);
});

test('the verbs escalate and bind lift the rule for the role that they name', async () => {
  await admin.create(ClusterRoles, { metadata: { name: 'role-giver' }, rules: [{ apiGroups: [group], resources: ['clusterroles'], verbs: ['bind'], resourceNames: ['view-nodes'] }, { apiGroups: [group], resources: ['clusterrolebindings'], verbs: ['create'] }] });
  await admin.create(ClusterRoles, { metadata: { name: 'view-nodes' }, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }] });
  const subjects = [{ kind: 'User', apiGroup: group, name: 'tenant' }];
  await admin.create(ClusterRoleBindings, { metadata: { name: 'role-giver' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'role-giver' }, subjects });
  await tenant.create(ClusterRoleBindings, { metadata: { name: 'own' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view-nodes' }, subjects });
  await expect(tenant.create(ClusterRoleBindings, { metadata: { name: 'more' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' }, subjects })).rejects.toSatisfy(refused);
});

test('what a user may not do is refused by default', async () => {
  await tenant.list(Pods, { namespace: 'default' });
  await expect(tenant.list(Pods, { namespace: 'kube-system' })).rejects.toSatisfy(refused);
});
