import type { MatchCondition, MatchResources, NamedRuleWithOperations } from '../../../../kubernetes/types.generated.ts';
import { celEnvironment } from '../../cel/environment.ts';
import { pathSegmentName } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { qualifiedName } from '../../validation/label.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';

const OPERATIONS = new Set(['*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
const SCOPES = new Set(['*', 'Cluster', 'Namespaced']);
const MATCH_POLICIES = new Set(['Equivalent', 'Exact']);
const MAX_CONDITIONS = 64;

export function defaultRules(rules: readonly { scope?: string }[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function validateRule(rule: NamedRuleWithOperations, path: string, found: Findings): void {
  const wild = (values: readonly string[]): boolean => values.includes('*');
  const operations = (rule.operations ?? []) as string[];
  if (operations.length === 0) found.required(`${path}.operations`);
  if (operations.length > 1 && wild(operations)) found.invalid(`${path}.operations`, operations, "'*' stands alone");
  operations.forEach((operation, i) => {
    if (!OPERATIONS.has(operation)) found.notSupported(`${path}.operations[${i}]`, operation, OPERATIONS);
  });
  const groups = rule.apiGroups ?? [];
  if (groups.length === 0) found.required(`${path}.apiGroups`);
  if (groups.length > 1 && wild(groups)) found.invalid(`${path}.apiGroups`, groups, "'*' stands alone");
  const versions = rule.apiVersions ?? [];
  if (versions.length === 0) found.required(`${path}.apiVersions`);
  if (versions.length > 1 && wild(versions)) found.invalid(`${path}.apiVersions`, versions, "'*' stands alone");
  versions.forEach((version, i) => {
    if (version === '') found.required(`${path}.apiVersions[${i}]`);
  });
  validateResources(rule.resources ?? [], `${path}.resources`, found);
  found.optionalEnum(`${path}.scope`, rule.scope, SCOPES);
  rule.resourceNames?.forEach((name, i) => {
    found.eachInvalid(`${path}.resourceNames[${i}]`, name, pathSegmentName(name));
    if ((rule.resourceNames as string[]).indexOf(name) < i) found.duplicate(`${path}.resourceNames[${i}]`, name);
  });
}

/** `resource`, `resource/subresource`, with `*` for all; what another entry covers is refused. */
function validateResources(resources: readonly string[], path: string, found: Findings): void {
  if (resources.length === 0) found.required(path);
  const wholeResources = new Set<string>();
  const wholeSubresources = new Set<string>();
  for (const [i, entry] of resources.entries()) {
    const at = `${path}[${i}]`;
    if (entry === '') {
      found.required(at);
      continue;
    }
    const slash = entry.indexOf('/');
    const [resource, sub] = slash < 0 ? [entry, undefined] : [entry.slice(0, slash), entry.slice(slash + 1)];
    if (sub !== undefined && wholeResources.has(`${resource}/*`)) found.invalid(at, entry, `${resource}/* has it already`);
    if (sub !== undefined && wholeSubresources.has(`*/${sub}`)) found.invalid(at, entry, `*/${sub} has it already`);
    if (sub === '*') wholeResources.add(`${resource}/*`);
    if (resource === '*' && sub !== undefined) wholeSubresources.add(`*/${sub}`);
  }
  if (resources.length > 1 && resources.includes('*/*')) found.invalid(path, resources, "'*/*' stands alone");
  if (resources.includes('*') && resources.some((entry) => entry !== '*' && !entry.includes('/'))) found.invalid(path, resources, "'*' has all resources already");
}

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

export function validateMatchResources(match: MatchResources, path: string, found: Findings): void {
  if (match.matchPolicy === undefined) found.required(`${path}.matchPolicy`);
  else found.optionalEnum(`${path}.matchPolicy`, match.matchPolicy, MATCH_POLICIES);
  validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`, found);
  validateLabelSelector(match.objectSelector, `${path}.objectSelector`, found);
  match.resourceRules?.forEach((rule, i) => validateRule(rule, `${path}.resourceRules[${i}]`, found));
  match.excludeResourceRules?.forEach((rule, i) => validateRule(rule, `${path}.excludeResourceRules[${i}]`, found));
}

export function validateMatchConditions(conditions: readonly MatchCondition[] | undefined, path: string, found: Findings): void {
  if ((conditions?.length ?? 0) > MAX_CONDITIONS) found.tooMany(path, `must be at most ${MAX_CONDITIONS}`);
  const names = new Set<string>();
  conditions?.forEach((condition, i) => {
    const at = `${path}[${i}]`;
    validateExpression(condition.expression, `${at}.expression`, found);
    if (condition.name === '') found.required(`${at}.name`);
    else {
      if (names.has(condition.name)) found.duplicate(`${at}.name`, condition.name);
      found.eachInvalid(`${at}.name`, condition.name, qualifiedName(condition.name));
    }
    names.add(condition.name);
  });
}

const names = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'authorizer', 'variables'];

/** Required where it is blank; Invalid where it does not parse, names what is not declared, or gives another type than `wants` (`text` may be null).
 *  Calls that no library here knows are taken as they are. */
export function validateExpression(expression: string, path: string, found: Findings, wants: 'bool' | 'string' | 'text' | 'any' = 'bool'): void {
  if (expression.trim() === '') {
    found.required(path);
    return;
  }
  const checked = celEnvironment(names).check(expression.trim());
  if (!checked.valid) {
    const message = (checked.error?.message ?? 'cannot be read').split('\n')[0] as string;
    if (!message.includes('no matching overload')) found.invalid(path, expression, `compilation failed: ${message}`);
  } else if (wants !== 'any' && checked.type !== (wants === 'text' ? 'string' : wants) && checked.type !== 'dyn' && !(wants === 'text' && checked.type === 'null')) found.invalid(path, expression, `must be a ${wants}, not ${checked.type}`);
}
