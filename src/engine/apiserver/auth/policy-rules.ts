import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import type { AccessAttributes, UserRules } from './authorizer.ts';

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));
const coversUrl = (rule: string, url: string): boolean => rule === '*' || rule === url || (rule.endsWith('*') && url.startsWith(rule.slice(0, -1)));

/** `deployments/scale` is covered by itself, by `*` and by a rule for `scale` of everything. */
function coversResource(resources: readonly string[] | undefined, wanted: string): boolean {
  const slash = wanted.indexOf('/');
  return has(resources, wanted) || (slash > 0 && resources?.includes(`*${wanted.slice(slash)}`) === true);
}

export function allows(rule: PolicyRule, asked: AccessAttributes): boolean {
  if (!has(rule.verbs, asked.verb)) return false;
  if (asked.kind === 'path') return (rule.nonResourceURLs ?? []).some((url) => coversUrl(url, asked.path));
  const { resource, subresource, name } = asked;
  if (!has(rule.apiGroups, asked.group) || !coversResource(rule.resources, subresource === undefined ? resource : `${resource}/${subresource}`)) return false;
  return (rule.resourceNames ?? []).length === 0 || (name !== undefined && rule.resourceNames?.includes(name) === true);
}

/** A permission that names one verb on one thing. */
type Permission = { readonly verb: string; readonly url: string } | { readonly verb: string; readonly group: string; readonly resource: string; readonly name?: string };

function permissions({ verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): Permission[] {
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  return verbs.flatMap((verb): Permission[] => [
    ...nonResourceURLs.map((url) => ({ verb, url })),
    ...apiGroups.flatMap((group) => resources.flatMap((resource) => names.map((name) => ({ verb, group, resource, ...(name !== undefined && { name }) })))),
  ]);
}

function grants(rule: PolicyRule, wanted: Permission): boolean {
  if (!has(rule.verbs, wanted.verb)) return false;
  if ('url' in wanted) return (rule.nonResourceURLs ?? []).some((url) => coversUrl(url, wanted.url));
  if (!has(rule.apiGroups, wanted.group) || !coversResource(rule.resources, wanted.resource)) return false;
  const { resourceNames = [] } = rule;
  return resourceNames.length === 0 || (wanted.name !== undefined && resourceNames.includes(wanted.name));
}

/** The permissions of `wanted` that `held` does not contain, each as a rule with one verb and one thing. Empty: nothing is missing. */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(permissions).filter((permission) => !held.some((rule) => grants(rule, permission))).map((p) => ('url' in p
    ? { verbs: [p.verb], nonResourceURLs: [p.url] }
    : { verbs: [p.verb], apiGroups: [p.group], resources: [p.resource], ...(p.name !== undefined && { resourceNames: [p.name] }) }));
}

export const allRules: readonly PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];

export function asUserRules(rules: readonly PolicyRule[]): UserRules {
  return {
    resourceRules: rules.filter((r) => (r.resources ?? []).length > 0).map(({ verbs = [], apiGroups, resources, resourceNames }) => ({ verbs, ...(apiGroups && { apiGroups }), ...(resources && { resources }), ...(resourceNames && { resourceNames }) })),
    nonResourceRules: rules.filter((r) => (r.nonResourceURLs ?? []).length > 0).map(({ verbs = [], nonResourceURLs }) => ({ verbs, ...(nonResourceURLs && { nonResourceURLs }) })),
    incomplete: false,
  };
}
