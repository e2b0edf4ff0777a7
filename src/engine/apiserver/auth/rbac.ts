import type { ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding } from '../../../kubernetes/types.generated.ts';
import type { Collection } from '../../store/collection.ts';
import type { Store } from '../../store/store.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { AccessAttributes, AccessDecision, Authorizer } from './authorizer.ts';
import { allows, allRules, missingRules } from './policy-rules.ts';

const group = 'rbac.authorization.k8s.io';

/** Decides by the roles and bindings in the store. Members of system:masters may do everything. */
export class RbacAuthorizer implements Authorizer {
  readonly #clusterRoles: Collection;
  readonly #roles: Collection;
  readonly #clusterRoleBindings: Collection;
  readonly #roleBindings: Collection;
  /** Rules by user and namespace ('' for the cluster's); emptied by any change of a role or binding. The authenticator gives one object for
   *  all requests of one credential, so nothing has to be put together to find them. */
  #known = new WeakMap<RequestUser, Map<string, readonly PolicyRule[]>>();

  constructor(store: Store) {
    this.#clusterRoles = store.collection(`${group}/clusterroles`);
    this.#roles = store.collection(`${group}/roles`);
    this.#clusterRoleBindings = store.collection(`${group}/clusterrolebindings`);
    this.#roleBindings = store.collection(`${group}/rolebindings`);
    for (const collection of [this.#clusterRoles, this.#roles, this.#clusterRoleBindings, this.#roleBindings]) collection.subscribe(() => { this.#known = new WeakMap(); });
  }

  decide(user: RequestUser, attributes: AccessAttributes): AccessDecision {
    if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    const namespace = attributes.kind === 'resource' ? attributes.namespace : undefined;
    const isAllowed = this.#rulesOf(user, '').some((rule) => allows(rule, attributes)) || (namespace !== undefined && this.#rulesOf(user, namespace).some((rule) => allows(rule, attributes)));
    return { allowed: isAllowed, reason: '' };
  }

  rules(user: RequestUser, namespace: string): readonly PolicyRule[] {
    const held = [...this.#rulesOf(user, ''), ...(namespace === '' ? [] : this.#rulesOf(user, namespace))];
    return user.groups.includes('system:masters') && missingRules(held, allRules).length > 0 ? [...allRules, ...held] : held;
  }

  #rulesOf(user: RequestUser, namespace: string): readonly PolicyRule[] {
    let known = this.#known.get(user);
    if (known === undefined) this.#known.set(user, known = new Map());
    let rules = known.get(namespace);
    if (rules === undefined) {
      if (known.size > 1_000) known.clear();
      const bindings = namespace === '' ? this.#clusterRoleBindings.records() : this.#roleBindings.records(`${namespace}/`);
      rules = [...bindings].map((r) => r.object as ClusterRoleBinding | RoleBinding).filter((b) => binds(b, user)).flatMap(({ roleRef }) => this.roleRules(roleRef?.kind ?? '', roleRef?.name ?? '', namespace) ?? []);
      known.set(namespace, rules);
    }
    return rules;
  }

  roleRules(kind: string, name: string, namespace: string): readonly PolicyRule[] | undefined {
    if (kind === 'Role') return rulesIn(this.#roles.get(`${namespace}/${name}`)?.object as ClusterRole | undefined);
    return rulesIn(this.#clusterRoles.get(name)?.object as ClusterRole | undefined);
  }
}

function rulesIn(role: ClusterRole | undefined): readonly PolicyRule[] | undefined {
  return role === undefined ? undefined : (role.rules ?? []);
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
