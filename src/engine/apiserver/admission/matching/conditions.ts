import type { MatchCondition } from '../../../../kubernetes/types.generated.ts';
import { conditionsBudget, withinBudget } from '../../cel/budget.ts';
import { celMessage, type Expression } from '../../cel/environment.ts';

export interface CompiledCondition {
  readonly name: string;
  readonly holds: Expression;
}

/** What match conditions say of a request. One that is false decides, whatever the others are; only then does an error count. */
export type ConditionOutcome = { readonly outcome: 'matches' | 'skipped' } | { readonly outcome: 'failed'; readonly message: string };

export function checkConditions(conditions: readonly CompiledCondition[], variables: Record<string, unknown>): ConditionOutcome {
  return withinBudget(conditionsBudget, () => checked(conditions, variables));
}

function checked(conditions: readonly CompiledCondition[], variables: Record<string, unknown>): ConditionOutcome {
  let failure: string | undefined;
  for (const { name, holds } of conditions) {
    try {
      const value = holds(variables);
      if (value === false) return { outcome: 'skipped' };
      if (value !== true) failure ??= `match condition ${name} is not a bool`;
    } catch (error) {
      failure ??= `match condition ${name}: ${celMessage(error)}`;
    }
  }
  return failure === undefined ? { outcome: 'matches' } : { outcome: 'failed', message: failure };
}

export function compileConditions(conditions: readonly MatchCondition[] | undefined, read: (text: string) => Expression): CompiledCondition[] {
  return (conditions ?? []).map(({ name, expression }) => ({ name, holds: read(expression) }));
}
