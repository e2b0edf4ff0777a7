import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../client/https-client.ts';
import { ClusterRoles } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { silentLogger } from '../../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../../runtime/system-clock.ts';
import { startApiServer } from '../start.ts';

test('who may use a resource that is not served (yet) hears so; anybody else, that they may not use the resource', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-unknown-'));
  const tokens = ['admin', 'router', 'nobody'].map((user) => ({ token: `${user}-token`, user, groups: user === 'admin' ? ['system:masters'] : [] }));
  const server = await startApiServer({ dataDir: dir, log: silentLogger, clock: systemClock, random: systemRandom, staticTokens: tokens });
  const [admin, router, nobody] = tokens.map(({ token }) => createClient({ server: server.url, caPem: server.caPem, token }));
  onTestFinished(async () => {
    for (const client of [admin, router, nobody]) client?.close();
    await server.close();
    rmSync(dir, { recursive: true });
  });
  const group = 'gateway.networking.k8s.io';
  const Routes = resource(group, 'v1', 'httproutes', 'HTTPRoute');
  const Bindings = resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false);
  await admin!.create(ClusterRoles, { metadata: { name: 'routes' }, rules: [{ apiGroups: [group], resources: ['httproutes'], verbs: ['get', 'patch'] }] });
  await admin!.create(Bindings, { metadata: { name: 'routes' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'routes' }, subjects: [{ kind: 'User', name: 'router', apiGroup: 'rbac.authorization.k8s.io' }] } as never);
  const key = { namespace: 'default', name: 'shop' };
  await expect(router!.get(Routes, key)).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  await expect(router!.patch(Routes, key, {})).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  await expect(router!.delete(Routes, key)).rejects.toMatchObject({ code: 403 });
  await expect(nobody!.get(Routes, key)).rejects.toMatchObject({ code: 403, message: expect.stringContaining('cannot get resource "httproutes" in API group "gateway.networking.k8s.io" in the namespace "default"') });
});
