import { requestBudget, withinBudget } from '../../cel/budget.ts';
import { celMessage } from '../../cel/environment.ts';
import { celValue } from '../../cel/values.ts';
import type { KindObject } from '../../kinds/strategy.ts';
import { checkConditions } from '../matching/conditions.ts';
import { lazily } from '../matching/variables.ts';
import type { CompiledPolicy, CompiledValidation } from './compiled-policy.ts';

/** One validation that refuses, or an error that stands for a refusal. */
export interface Refusal {
  readonly message: string;
  /** Of the Status: `Invalid`, `Forbidden`, `Unauthorized` or `RequestEntityTooLarge`. */
  readonly reason: string;
  /** Position in the policy's validations; 0 where it is not one of them. */
  readonly index: number;
}

export interface Evaluation {
  readonly refusals: readonly Refusal[];
  /** For the audit log, by the policy's keys. */
  readonly annotations: Readonly<Record<string, string>>;
}

const nothing: Evaluation = { refusals: [], annotations: {} };

/** What one policy says of one request, with one set of parameters.
 *  @param values of the request */
export function evaluatePolicy(policy: CompiledPolicy, values: Record<string, unknown>, params: KindObject | undefined): Evaluation {
  return withinBudget(requestBudget, () => evaluated(policy, values, params));
}

function evaluated(policy: CompiledPolicy, values: Record<string, unknown>, params: KindObject | undefined): Evaluation {
  const variables = Object.create(values, { params: { value: celValue(params) } }) as Record<string, unknown>;
  variables['variables'] = lazily(Object.fromEntries(policy.variables.map(({ name, value }) => [name, () => value(variables)])));
  const failed = (message: string): Refusal[] => (policy.failsClosed ? [{ message, reason: 'Invalid', index: 0 }] : []);
  const conditions = checkConditions(policy.conditions, variables);
  if (conditions.outcome === 'skipped') return nothing;
  if (conditions.outcome === 'failed') return { ...nothing, refusals: failed(conditions.message) };
  const refusals = policy.validations.flatMap((validation, index) => validated(validation, index, variables, policy.failsClosed));
  const annotations: Record<string, string> = {};
  for (const { key, value } of policy.annotations) {
    try {
      const text = value(variables);
      if (typeof text === 'string' && text.trim() !== '') annotations[key] = text.trim();
    } catch (error) {
      refusals.push(...failed(`audit annotation ${key}: ${celMessage(error)}`));
    }
  }
  return { refusals, annotations };
}

function validated(validation: CompiledValidation, index: number, variables: Record<string, unknown>, failsClosed: boolean): Refusal[] {
  try {
    const value = validation.holds(variables);
    if (value === true) return [];
    if (value === false) return [{ message: messageOf(validation, variables), reason: validation.reason, index }];
    return failsClosed ? [{ message: `expression '${validation.text}' is not a bool`, reason: 'Invalid', index }] : [];
  } catch (error) {
    return failsClosed ? [{ message: `expression '${validation.text}' resulted in error: ${celMessage(error)}`, reason: 'Invalid', index }] : [];
  }
}

/** The message's expression, where it gives one line of text; else the fixed message; else the rule itself. */
function messageOf(validation: CompiledValidation, variables: Record<string, unknown>): string {
  if (validation.messageExpression !== undefined) {
    try {
      const text = validation.messageExpression(variables);
      if (typeof text === 'string' && text.trim() !== '' && !text.trim().includes('\n') && text.length <= 5 * 1024) return text.trim();
    } catch { /* The fixed message stands in, as the API defines. */ }
  }
  return validation.message ?? `failed expression: ${validation.text}`;
}
