import type { MatchResources } from '../../../../kubernetes/types.generated.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';
import { matchesRule } from './rules.ts';
import { matchesSelectors } from './selectors.ts';

/** Whether a policy's or binding's match resources take a request; without rules they take every resource. */
export function matchesResources(match: MatchResources, request: AdmissionRequest, lookups: Lookups): boolean {
  const { resourceRules = [], excludeResourceRules = [] } = match;
  if (resourceRules.length > 0 && !resourceRules.some((rule) => matchesRule(rule, request))) return false;
  if (excludeResourceRules.some((rule) => matchesRule(rule, request))) return false;
  return matchesSelectors(match, request, lookups);
}
