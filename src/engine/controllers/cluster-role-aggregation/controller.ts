import { isDeepStrictEqual } from 'node:util';
import { ClusterRoles } from '../../../client/kinds.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import { selects } from '../../../kubernetes/label-selector.ts';
import type { ClusterRole, PolicyRule } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';

/** Gives a ClusterRole with an aggregation rule the union of the rules that it selects, each once, in the order of the roles' names.
 *  https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles */
export const clusterRoleAggregationController: ControllerFactory = (context) => {
  const roles = context.informer(ClusterRoles);
  const aggregating = (): ClusterRole[] => roles.list().filter((r) => r.aggregationRule !== undefined);
  return {
    name: 'cluster-role-aggregation',
    // Any role may be one that another selects, or selected until now.
    sources: [source(ClusterRoles, () => aggregating().map((r) => ({ name: r.metadata?.name ?? '' })))],
    workers: 1,
    async reconcile(key) {
      const role = roles.get(key);
      if (role?.aggregationRule === undefined || role.metadata?.deletionTimestamp !== undefined) return {};
      const rules = union(role, roles.list());
      if (isDeepStrictEqual(rules, role.rules ?? [])) return {};
      await context.client.update(ClusterRoles, { ...role, rules }).catch((e: unknown) => {
        if (!isNotFound(e) && !isConflict(e)) throw e;
      });
      return {};
    },
  };
};

export function union(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const selected = roles.filter((r) => r.metadata?.name !== role.metadata?.name && selectors.some((s) => selects(s, r.metadata?.labels)));
  const rules: PolicyRule[] = [];
  for (const { rules: own = [] } of selected.toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))) {
    for (const rule of own ?? []) if (!rules.some((r) => isDeepStrictEqual(r, rule))) rules.push(rule);
  }
  return rules;
}
