import type { NamedRuleWithOperations } from '../../../../kubernetes/types.generated.ts';
import type { AdmissionRequest } from '../admission.ts';

/** A resource as one version of a group names it. */
export interface ResourceName {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Whether a rule of a policy or a webhook names the request.
 *  @param target the request's resource, or an equivalent one in another version */
export function matchesRule(rule: NamedRuleWithOperations, request: AdmissionRequest, target: ResourceName = request): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [], scope = '*' } = rule;
  const named = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);
  if (!named(operations, request.operation) || !named(apiGroups, target.group) || !named(apiVersions, target.version)) return false;
  if (resourceNames.length > 0 && !resourceNames.includes(request.name ?? request.object?.metadata.name ?? '')) return false;
  // A Namespace is cluster-scoped, though its own requests are treated as in it.
  if (scope !== '*' && (scope === 'Namespaced') !== (request.namespace !== undefined)) return false;
  return resources.some((entry) => namesResource(entry, target.plural, request.subresource));
}

function namesResource(entry: string, plural: string, subresource: string | undefined): boolean {
  if (entry === '*/*') return true;
  const slash = entry.indexOf('/');
  const [resource, sub] = slash < 0 ? [entry, undefined] : [entry.slice(0, slash), entry.slice(slash + 1)];
  if (resource !== '*' && resource !== plural) return false;
  return sub === '*' ? subresource !== undefined : sub === subresource;
}

const exempt = new Set(['validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings']);

/** What configures admission is not subject to what it configures: a cluster could lock itself out. */
export function isExempt(request: AdmissionRequest): boolean {
  return request.group === 'admissionregistration.k8s.io' && exempt.has(request.plural);
}
