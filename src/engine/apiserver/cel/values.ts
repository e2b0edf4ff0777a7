/** A JSON value as CEL sees it: whole numbers are integers, which are BigInt. Built-in kinds have no other numbers; schemas of custom resources may say otherwise
 *  (`custom-resources/cel-rules.ts`). */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  const object: Record<string, unknown> = {};
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key];
    if (child !== undefined) object[key] = celValue(child);
  }
  return object;
}
