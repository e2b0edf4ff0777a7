import type { ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding } from '../../../kubernetes/types.generated.ts';
import type { Collection } from '../../store/collection.ts';
import type { Store } from '../../store/store.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import { matchesSelector } from '../selectors/label-selector.ts';
import type { AccessAttributes, AccessDecision, Authorizer, UserRules } from './authorizer.ts';

const group = 'rbac.authorization.k8s.io';

/** Decides by the roles and bindings in the store. Members of system:masters may do everything. */
export class RbacAuthorizer implements Authorizer {
  readonly #clusterRoles: Collection;
  readonly #roles: Collection;
  readonly #clusterRoleBindings: Collection;
  readonly #roleBindings: Collection;
  /** Rules by user and namespace ('' for the cluster's); emptied by any change of a role or binding. */
  readonly #known = new Map<string, readonly PolicyRule[]>();

  constructor(store: Store) {
    this.#clusterRoles = store.collection(`${group}/clusterroles`);
    this.#roles = store.collection(`${group}/roles`);
    this.#clusterRoleBindings = store.collection(`${group}/clusterrolebindings`);
    this.#roleBindings = store.collection(`${group}/rolebindings`);
    for (const collection of [this.#clusterRoles, this.#roles, this.#clusterRoleBindings, this.#roleBindings]) collection.subscribe(() => this.#known.clear());
  }

  decide(user: RequestUser, attributes: AccessAttributes): AccessDecision {
    if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    const namespace = attributes.kind === 'resource' ? attributes.namespace : undefined;
    const isAllowed = this.#rulesOf(user, '').some((rule) => covers(rule, attributes)) || (namespace !== undefined && this.#rulesOf(user, namespace).some((rule) => covers(rule, attributes)));
    return { allowed: isAllowed, reason: '' };
  }

  rules(user: RequestUser, namespace: string): UserRules {
    const all: readonly PolicyRule[] = user.groups.includes('system:masters') ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }]
      : [...this.#rulesOf(user, ''), ...(namespace === '' ? [] : this.#rulesOf(user, namespace))];
    return {
      resourceRules: all.filter((r) => (r.resources ?? []).length > 0).map(({ verbs = [], apiGroups, resources, resourceNames }) => ({ verbs, ...(apiGroups && { apiGroups }), ...(resources && { resources }), ...(resourceNames && { resourceNames }) })),
      nonResourceRules: all.filter((r) => (r.nonResourceURLs ?? []).length > 0).map(({ verbs = [], nonResourceURLs }) => ({ verbs, ...(nonResourceURLs && { nonResourceURLs }) })),
      incomplete: false,
    };
  }

  #rulesOf(user: RequestUser, namespace: string): readonly PolicyRule[] {
    const key = JSON.stringify([namespace, user.username, user.groups]);
    let rules = this.#known.get(key);
    if (rules === undefined) {
      if (this.#known.size > 10_000) this.#known.clear();
      const bindings = namespace === '' ? this.#clusterRoleBindings.records() : this.#roleBindings.records(`${namespace}/`);
      rules = [...bindings].map((r) => r.object as ClusterRoleBinding | RoleBinding).filter((b) => binds(b, user)).flatMap((b) => this.#rulesOfRole(b, namespace));
      this.#known.set(key, rules);
    }
    return rules;
  }

  #rulesOfRole({ roleRef }: ClusterRoleBinding | RoleBinding, namespace: string): readonly PolicyRule[] {
    const name = roleRef?.name ?? '';
    if (roleRef?.kind === 'Role') return (this.#roles.get(`${namespace}/${name}`)?.object as ClusterRole | undefined)?.rules ?? [];
    const role = this.#clusterRoles.get(name)?.object as ClusterRole | undefined;
    const selectors = role?.aggregationRule?.clusterRoleSelectors ?? [];
    if (selectors.length === 0) return role?.rules ?? [];
    return [...this.#clusterRoles.records()].map((r) => r.object as ClusterRole).filter((r) => r.metadata?.name !== name && selectors.some((s) => matchesSelector(s as never, r.metadata?.labels ?? {}))).flatMap((r) => r.rules ?? []);
  }
}

function binds(binding: ClusterRoleBinding | RoleBinding, user: RequestUser): boolean {
  return (binding.subjects ?? []).some((s) => {
    switch (s.kind) {
      case 'User': return s.name === user.username;
      case 'Group': return user.groups.includes(s.name ?? '');
      default: return user.username === `system:serviceaccount:${s.namespace ?? binding.metadata?.namespace ?? ''}:${s.name}`;
    }
  });
}

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));

function covers(rule: PolicyRule, asked: AccessAttributes): boolean {
  if (!has(rule.verbs, asked.verb)) return false;
  if (asked.kind === 'path') return (rule.nonResourceURLs ?? []).some((url) => url === '*' || url === asked.path || (url.endsWith('*') && asked.path.startsWith(url.slice(0, -1))));
  const { resource, subresource, name } = asked;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (!has(rule.apiGroups, asked.group)) return false;
  if (!has(rule.resources, full) && !(subresource !== undefined && rule.resources?.includes(`*/${subresource}`) === true)) return false;
  return (rule.resourceNames ?? []).length === 0 || (name !== undefined && rule.resourceNames?.includes(name) === true);
}
