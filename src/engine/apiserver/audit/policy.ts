import { parse } from 'yaml';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof LEVELS)[number];
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof STAGES)[number];

/** One rule of an audit policy; a part that is absent takes everything. */
interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly resources?: readonly { readonly group?: string; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
}

/** What is audited, in the form of Kubernetes's `audit.k8s.io/v1` Policy: the first rule that matches says the level. */
export interface AuditPolicy {
  readonly omitStages: readonly AuditStage[];
  readonly rules: readonly AuditRule[];
}

export interface AuditedAttributes {
  readonly username: string;
  readonly groups: readonly string[];
  readonly verb: string;
  /** Absent: a path that names no resource. */
  readonly resource?: { readonly group: string; readonly plural: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string };
  readonly path: string;
}

/** A policy file that says nothing usable. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError';
}

/** @throws {AuditPolicyError} which names the field, the value and what is allowed */
export function parseAuditPolicy(text: string): AuditPolicy {
  let policy: { apiVersion?: string; kind?: string; omitStages?: AuditStage[]; rules?: AuditRule[] };
  try {
    policy = parse(text) as typeof policy;
  } catch (cause) {
    throw new AuditPolicyError(`The audit policy is not YAML: ${(cause as Error).message}`, { cause });
  }
  if (policy?.apiVersion !== 'audit.k8s.io/v1' || policy.kind !== 'Policy') throw new AuditPolicyError(`An audit policy is of apiVersion audit.k8s.io/v1 and kind Policy, not ${policy?.apiVersion ?? 'nothing'} and ${policy?.kind ?? 'nothing'}`);
  const rules = policy.rules ?? [];
  if (!Array.isArray(rules) || rules.length === 0) throw new AuditPolicyError('An audit policy needs at least one rule in `rules`');
  checkStages(policy.omitStages, 'omitStages');
  rules.forEach((rule, i) => {
    if (!LEVELS.includes(rule.level)) throw new AuditPolicyError(`rules[${i}].level is '${String(rule.level)}': it is one of ${LEVELS.join(', ')}`);
    checkStages(rule.omitStages, `rules[${i}].omitStages`);
  });
  return { omitStages: policy.omitStages ?? [], rules };
}

function checkStages(stages: readonly AuditStage[] | undefined, at: string): void {
  const wrong = stages?.find((s) => !STAGES.includes(s));
  if (wrong !== undefined) throw new AuditPolicyError(`${at} has '${String(wrong)}': stages are ${STAGES.join(', ')}`);
}

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omits: ReadonlySet<AuditStage>;
}

/** What holds secrets is audited without its content, whatever the policy says. */
const SECRET = new Set(['secrets', 'tokenreviews', 'serviceaccounts/token', 'certificatesigningrequests']);

export function decideAudit(policy: AuditPolicy, asked: AuditedAttributes): AuditDecision {
  const rule = policy.rules.find((r) => matches(r, asked));
  const level = rule?.level ?? 'None';
  const { plural = '', subresource } = asked.resource ?? {};
  const isSecret = SECRET.has(subresource === undefined ? plural : `${plural}/${subresource}`);
  return { level: isSecret && level !== 'None' ? 'Metadata' : level, omits: new Set([...policy.omitStages, ...(rule?.omitStages ?? [])]) };
}

function matches(rule: AuditRule, { username, groups, verb, resource, path }: AuditedAttributes): boolean {
  const given = (list: readonly string[] | undefined): list is readonly string[] => list !== undefined && list.length > 0;
  if (given(rule.users) && !rule.users.includes(username)) return false;
  if (given(rule.userGroups) && !rule.userGroups.some((g) => groups.includes(g))) return false;
  if (given(rule.verbs) && !rule.verbs.includes(verb)) return false;
  const wantsResources = (rule.resources ?? []).length > 0 || given(rule.namespaces);
  if (resource === undefined) return given(rule.nonResourceURLs) ? rule.nonResourceURLs.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) : !wantsResources;
  if (given(rule.nonResourceURLs)) return false;
  if (given(rule.namespaces) && !rule.namespaces.includes(resource.namespace ?? '')) return false;
  if ((rule.resources ?? []).length === 0) return true;
  const full = resource.subresource === undefined ? resource.plural : `${resource.plural}/${resource.subresource}`;
  return rule.resources?.some(({ group = '', resources = [], resourceNames = [] }) => group === resource.group
    && (resources.length === 0 || resources.some((r) => r === '*' || r === full || r === `${resource.plural}/*` || (r.startsWith('*/') && r.slice(2) === resource.subresource)))
    && (resourceNames.length === 0 || resourceNames.includes(resource.name ?? ''))) === true;
}
