import type { JSONSchemaProps } from '../../../../kubernetes/types.generated.ts';

/** A node of a definition's OpenAPI v3 schema. */
export type Schema = JSONSchemaProps & { default?: unknown };

/** Says something: null, an empty text and an empty map are as good as absent. */
export function present(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Array.isArray(value) || Object.keys(value).length > 0;
}

/** The one schema that stands in `value`; absent where there is none, a boolean or a list. */
export function childSchema(value: unknown): Schema | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
}

export function childSchemas(fields: unknown): [string, Schema][] {
  return Object.entries((fields ?? {}) as Record<string, Schema>);
}

/** Every schema right below, with its path from here. */
export function subschemas(schema: Schema): [Schema, string][] {
  const below: [Schema, string][] = childSchemas(schema.properties).map(([key, child]) => [child, `.properties[${key}]`]);
  for (const field of ['items', 'additionalProperties', 'not'] as const) {
    const child = childSchema(schema[field]);
    if (child !== undefined) below.push([child, `.${field}`]);
  }
  if (Array.isArray(schema.items)) (schema.items as Schema[]).forEach((child, i) => below.push([child, `.items[${i}]`]));
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) schema[field]?.forEach((child, i) => below.push([child as Schema, `.${field}[${i}]`]));
  for (const field of ['definitions', 'dependencies'] as const) for (const [key, child] of childSchemas(schema[field])) if (childSchema(child) !== undefined) below.push([child, `.${field}[${key}]`]);
  return below;
}
