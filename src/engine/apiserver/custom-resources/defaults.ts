import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';

/** Fills the defaults of a structural schema in, in place. A null where the schema allows none and has a default gives way to it. */
export function fillDefaults(value: unknown, schema: JSONSchemaProps): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    const items = schema.items as JSONSchemaProps | undefined;
    if (items !== undefined) for (const item of value) fillDefaults(item, items);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [key, child] of Object.entries((schema.properties ?? {}) as Record<string, JSONSchemaProps>)) {
    if (object[key] === undefined || (object[key] === null && child.nullable !== true)) {
      if (child.default === undefined) {
        if (object[key] === null && child.nullable !== true && child['x-kubernetes-preserve-unknown-fields'] !== true) delete object[key];
        continue;
      }
      object[key] = structuredClone(child.default);
    }
    fillDefaults(object[key], child);
  }
  const rest = schema.additionalProperties as JSONSchemaProps | boolean | undefined;
  if (typeof rest === 'object') for (const child of Object.values(object)) fillDefaults(child, rest);
}
