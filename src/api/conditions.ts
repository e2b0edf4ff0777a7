import type { Condition } from './group.ts';

/** The conditions with one set; its time moves only where its status does. */
export function withCondition(conditions: readonly Condition[], condition: Condition): Condition[] {
  const before = conditions.find((c) => c.type === condition.type);
  const kept = before?.status === condition.status ? { ...condition, lastTransitionTime: before.lastTransitionTime } : condition;
  return [...conditions.filter((c) => c.type !== condition.type), kept].sort((a, b) => a.type.localeCompare(b.type));
}
