import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../client/resource.ts';
import { systemClock } from '../../../runtime/system-clock.ts';
import { Store } from '../../store/store.ts';
import { ensureObjects } from '../bootstrap/ensure.ts';
import { ensureRoles } from '../bootstrap/roles.ts';
import type { AccessAttributes } from './authorizer.ts';
import { RbacAuthorizer } from './rbac.ts';

let dir: string;
let store: Store;
let rbac: RbacAuthorizer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-rbac-'));
  store = new Store({ dir, clock: systemClock });
  rbac = new RbacAuthorizer(store);
  const binding = (name: string, role: string) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace: 'shop' }, roleRef: { kind: 'ClusterRole', name: role }, subjects: [{ kind: 'User', name }] }) as KubernetesObject;
  await ensureRoles(store, systemClock);
  await ensureObjects(store, systemClock, ['view', 'edit', 'admin'].map((role) => ({ storage: 'rbac.authorization.k8s.io/rolebindings', object: binding(`a-${role}`, role) })));
});

afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const on = (verb: string, resource: string, namespace?: string, group = ''): AccessAttributes => ({ kind: 'resource', verb, group, resource, ...(namespace !== undefined && { namespace }) });

test.for([
  { user: 'a-view', asks: on('get', 'pods', 'shop'), allowed: true },
  { user: 'a-view', asks: on('get', 'pods', 'other'), allowed: false },
  { user: 'a-view', asks: on('list', 'pods'), allowed: false },
  { user: 'a-view', asks: on('get', 'secrets', 'shop'), allowed: false },
  { user: 'a-view', asks: on('create', 'pods', 'shop'), allowed: false },
  { user: 'a-edit', asks: on('get', 'secrets', 'shop'), allowed: true },
  { user: 'a-edit', asks: on('update', 'deployments', 'shop', 'apps'), allowed: true },
  { user: 'a-edit', asks: on('create', 'rolebindings', 'shop', 'rbac.authorization.k8s.io'), allowed: false },
  { user: 'a-admin', asks: on('create', 'rolebindings', 'shop', 'rbac.authorization.k8s.io'), allowed: true },
  { user: 'nobody', asks: on('get', 'pods', 'shop'), allowed: false },
  { user: 'nobody', asks: { kind: 'path', verb: 'get', path: '/apis/apps/v1' } as const, allowed: true },
  { user: 'nobody', asks: { kind: 'path', verb: 'get', path: '/metrics' } as const, allowed: false },
])('$user: $asks.verb $asks.resource$asks.path in $asks.namespace is $allowed', ({ user, asks, allowed }) => {
  expect(rbac.decide({ username: user, groups: ['system:authenticated'] }, asks).allowed).toBe(allowed);
});

test('a member of system:masters may do everything', () => {
  expect(rbac.decide({ username: 'root', groups: ['system:masters'] }, on('delete', 'nodes')).allowed).toBe(true);
});

test('a binding that is gone counts no more', async () => {
  const bindings = store.collection('rbac.authorization.k8s.io/rolebindings');
  await store.delete(bindings, 'shop/a-view', bindings.get('shop/a-view')?.object ?? {});
  expect(rbac.decide({ username: 'a-view', groups: [] }, on('get', 'pods', 'shop')).allowed).toBe(false);
});
