import recorded from '../../../kubernetes/data/roles.json' with { type: 'json' };
import type { KubernetesObject } from '../../../client/resource.ts';
import type { AggregationRule, ClusterRole, PolicyRule, RbacV1Subject as Subject } from '../../../kubernetes/types.generated.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import { missingRules } from '../auth/policy-rules.ts';
import { storeKey } from '../context.ts';
import { ensureObjects } from './ensure.ts';
import type { BootstrapObject } from './objects.ts';

const group = 'rbac.authorization.k8s.io';
const kinds = { clusterroles: 'ClusterRole', clusterrolebindings: 'ClusterRoleBinding', roles: 'Role', rolebindings: 'RoleBinding' } as const;
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Roles or bindings of one kind, without their type: `rules` or `aggregationRule`, or `roleRef` and `subjects`. */
export type AccessObjects = Partial<Record<keyof typeof kinds, readonly ({ readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } } & object)[]>>;
type AccessObject = KubernetesObject & { rules?: PolicyRule[]; aggregationRule?: AggregationRule; subjects?: Subject[] };

/** The roles and bindings that every cluster has, as Kubernetes 1.35 has them, and those that the caller adds. */
export function bootstrapRoles(more: AccessObjects = {}): BootstrapObject[] {
  const objects = [recorded as unknown as AccessObjects, more].flatMap((source) => (Object.keys(kinds) as (keyof typeof kinds)[])
    .flatMap((plural) => (source[plural] ?? []).map((object): BootstrapObject => ({ storage: `${group}/${plural}`, object: { apiVersion: `${group}/v1`, kind: kinds[plural], ...object } as KubernetesObject }))));
  const roles = objects.map(({ object }) => object as AccessObject).filter((o) => o.kind === 'ClusterRole') as ClusterRole[];
  return objects.map(({ storage, object }) => ({ storage, object: (object as AccessObject).aggregationRule === undefined ? object : { ...object, rules: aggregated(object as ClusterRole, roles) } as KubernetesObject }));
}

/** Union of what the selected roles grant; a selected role may be a union itself. */
function aggregated(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return role.rules ?? [];
  return roles.filter((r) => r !== role && selectors.some((s) => selects(s, r.metadata?.labels))).flatMap((r) => aggregated(r, roles));
}

/** Writes what is not there, and adds to what is there the rules and subjects that this version needs, unless an administrator has set the
 *  annotation rbac.authorization.kubernetes.io/autoupdate to false. What an administrator added stays. */
export async function ensureRoles(store: Store, clock: Clock, more?: AccessObjects): Promise<void> {
  const wanted = bootstrapRoles(more);
  const additions = wanted.map(async ({ storage, object }) => {
    const collection = store.collection(storage);
    const key = storeKey(object.metadata?.namespace, object.metadata?.name ?? '');
    const held = store.head(collection, key)?.object as AccessObject | undefined;
    const { rules = [], subjects = [], aggregationRule } = object as AccessObject;
    if (held === undefined || aggregationRule !== undefined || held.metadata?.annotations?.[autoUpdate] === 'false') return;
    const lackedRules = missingRules(held.rules ?? [], rules);
    const lackedSubjects = subjects.filter((s) => !(held.subjects ?? []).some((h) => h.kind === s.kind && h.name === s.name && (h.namespace ?? '') === (s.namespace ?? '')));
    if (lackedRules.length === 0 && lackedSubjects.length === 0) return;
    await store.put(collection, key, { ...held, ...(lackedRules.length > 0 && { rules: [...(held.rules ?? []), ...lackedRules] }), ...(lackedSubjects.length > 0 && { subjects: [...(held.subjects ?? []), ...lackedSubjects] }) });
  });
  await Promise.all([...additions, ensureObjects(store, clock, wanted)]);
}
