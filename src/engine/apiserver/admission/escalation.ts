import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import { allRules, missingRules } from '../auth/policy-rules.ts';
import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import { equal } from '../patch/json.ts';
import type { AdmissionRequest } from './admission.ts';
import { forbidden } from './forbidden.ts';

const group = 'rbac.authorization.k8s.io';
const SHOWN = 3;

/** Nobody grants what they do not have: a role takes rules that its author holds (or may `escalate`), a binding names a role whose rules
 *  its author holds (or may `bind`). https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 *  @throws {StatusError} 403 */
export function preventEscalation(request: AdmissionRequest, context: StrategyContext): void {
  const { object, old } = request;
  if (request.group !== group || object === undefined || request.operation === 'DELETE') return;
  if (request.kind.endsWith('Role')) return checkRole(request, object, old, context);
  if (old === undefined || !equal(object['subjects'], old['subjects'])) checkBinding(request, object, context);
}

function checkRole(request: AdmissionRequest, role: KindObject, old: KindObject | undefined, context: StrategyContext): void {
  if (old !== undefined && equal(role['rules'], old['rules']) && equal(role['aggregationRule'], old['aggregationRule'])) return;
  // Whoever may decide what aggregates into a role may decide all that it grants.
  const aggregates = role['aggregationRule'] !== undefined && !equal(role['aggregationRule'], old?.['aggregationRule']);
  refuseMissing(request, context, aggregates ? allRules : ((role['rules'] as PolicyRule[] | null | undefined) ?? []), 'escalate', request.plural, role.metadata.name ?? request.name ?? '');
}

function checkBinding(request: AdmissionRequest, binding: KindObject, context: StrategyContext): void {
  const { kind, name } = binding['roleRef'] as { kind: string; name: string };
  const wanted = context.access.roleRules(kind, name, request.namespace ?? '');
  // A role that is yet to come grants whatever it will: only who may bind it names it.
  refuseMissing(request, context, wanted ?? allRules, 'bind', kind === 'Role' ? 'roles' : 'clusterroles', name);
}

function refuseMissing(request: AdmissionRequest, { user, access }: StrategyContext, wanted: readonly PolicyRule[], verb: 'escalate' | 'bind', resource: string, name: string): void {
  const { namespace } = request;
  if (access.decide(user, { kind: 'resource', verb, group, resource, ...(name !== '' && { name }), ...(namespace !== undefined && { namespace }) }).allowed) return;
  const missing = missingRules(access.rules(user, namespace ?? ''), wanted);
  if (missing.length === 0) return;
  const shown = missing.slice(0, SHOWN).map((rule) => JSON.stringify(rule)).join(', ');
  throw forbidden(request, `user "${user.username}" may grant only what they hold, and lacks ${shown}${missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : ''}: ask for these rights, or for the verb ${verb} on ${resource} "${name}"`);
}
