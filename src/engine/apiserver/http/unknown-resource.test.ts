import { expect, onTestFinished, test } from 'vitest';
import { ClusterRoles } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { startServerFixture } from '../server-fixture.ts';

test('who may use a resource that is not served (yet) hears so; anybody else, that they may not use the resource', async () => {
  const api = await startServerFixture({ staticTokens: ['router', 'nobody'].map((user) => ({ token: `${user}-token`, user, groups: [] })) });
  onTestFinished(() => api.stop());
  const [admin, router, nobody] = [api.client, api.clientOf('router-token'), api.clientOf('nobody-token')];
  const group = 'gateway.networking.k8s.io';
  const Routes = resource(group, 'v1', 'httproutes', 'HTTPRoute');
  const Bindings = resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false);
  await admin.create(ClusterRoles, { metadata: { name: 'routes' }, rules: [{ apiGroups: [group], resources: ['httproutes'], verbs: ['get', 'patch'] }] });
  await admin.create(Bindings, { metadata: { name: 'routes' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'routes' }, subjects: [{ kind: 'User', name: 'router', apiGroup: 'rbac.authorization.k8s.io' }] } as never);
  const key = { namespace: 'default', name: 'shop' };
  await expect(router.get(Routes, key)).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  await expect(router.patch(Routes, key, {})).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  await expect(router.delete(Routes, key)).rejects.toMatchObject({ code: 403 });
  await expect(nobody.get(Routes, key)).rejects.toMatchObject({ code: 403, message: expect.stringContaining('cannot get resource "httproutes" in API group "gateway.networking.k8s.io" in the namespace "default"') });
});
