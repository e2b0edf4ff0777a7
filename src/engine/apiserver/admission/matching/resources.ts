import type { MatchResources, NamedRuleWithOperations } from '../../../../kubernetes/types.generated.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';
import { matchesRule } from './rules.ts';
import { matchesSelectors } from './selectors.ts';

/** How a request is seen by who matched it: as it came, or, under the match policy Equivalent, as the version that a rule names.
 *  Undefined: no rule names it. */
export function seenByRules(rules: readonly NamedRuleWithOperations[], matchPolicy: string | undefined, request: AdmissionRequest, lookups: Lookups): AdmissionRequest | undefined {
  if (rules.some((rule) => matchesRule(rule, request))) return request;
  if (matchPolicy === 'Exact') return undefined;
  for (const other of lookups.equivalents(request.group, request.version, request.plural)) {
    if (!rules.some((rule) => matchesRule(rule, request, other))) continue;
    const { group, version, plural, kind } = other;
    return { ...request, group, version, plural, kind, original: request, ...(request.object && { object: other.from(request.object) }), ...(request.old && { old: other.from(request.old) }) };
  }
  return undefined;
}

/** The request as a policy's or binding's match resources take it; without rules they take every resource. Undefined: they do not. */
export function seenByResources(match: MatchResources, request: AdmissionRequest, lookups: Lookups): AdmissionRequest | undefined {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match;
  if (excludeResourceRules.length > 0 && seenByRules(excludeResourceRules, matchPolicy, request, lookups) !== undefined) return undefined;
  const seen = resourceRules.length === 0 ? request : seenByRules(resourceRules, matchPolicy, request, lookups);
  return seen !== undefined && matchesSelectors(match, request, lookups) ? seen : undefined;
}
