import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import { allRules } from './policy-rules.ts';

/** One question to the authorizer. */
export type AccessAttributes =
  | { readonly kind: 'resource'; readonly verb: string; readonly group: string; readonly version?: string; readonly resource: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string; /** Of a list or watch, as the client wrote it. */ readonly fieldSelector?: string }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** What a user may do, in the form of a SelfSubjectRulesReview's status. */
export interface UserRules {
  readonly resourceRules: readonly { readonly verbs: readonly string[]; readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }[];
  readonly nonResourceRules: readonly { readonly verbs: readonly string[]; readonly nonResourceURLs?: readonly string[] }[];
  readonly incomplete: boolean;
}

export interface Authorizer {
  decide(user: RequestUser, attributes: AccessAttributes): AccessDecision;
  /** All that a user may do, cluster-wide and (unless '') in a namespace. */
  rules(user: RequestUser, namespace: string): readonly PolicyRule[];
  /** What a role grants. Undefined: there is no such role. @param namespace of the binding; '' for a ClusterRoleBinding's */
  roleRules(kind: string, name: string, namespace: string): readonly PolicyRule[] | undefined;
}

/** Lets every authenticated user do everything. */
export const allowAll: Authorizer = {
  decide: () => ({ allowed: true, reason: '' }),
  rules: () => allRules,
  roleRules: () => [],
};
