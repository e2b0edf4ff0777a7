import type { LabelSelector } from './types.generated.ts';

/** Whether a LabelSelector takes an object with these labels. An absent selector takes nothing, an empty one everything.
 *  @throws {RangeError} for an unknown operator */
export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (selector === undefined) return false;
  const set = labels ?? {};
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (set[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = set[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        throw new RangeError(`Cannot select by operator ${operator}: it is In, NotIn, Exists or DoesNotExist`);
    }
  });
}

/** Whether every pair of a plain map selector (a Service's) stands in the labels. */
export function selectsAll(pairs: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(pairs).every(([key, value]) => labels?.[key] === value);
}
