import type { SchemaNode } from '../schema/schema-node.ts';

/** Removes, in place, the fields that the schema does not know. Returns their paths (`spec.colour`, `spec.items[0].x`). */
export function prune(value: unknown, node: SchemaNode, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? [] : value.flatMap((item, index) => prune(item, items, `${path}[${index}]`));
  }
  const object = value as Record<string, unknown>;
  const dropped: string[] = [];
  for (const key of Object.keys(object)) {
    const at = path === '' ? key : `${path}.${key}`;
    const child = node.properties?.get(key) ?? node.additionalProperties;
    if (child !== undefined) dropped.push(...prune(object[key], child, at));
    else if (!node.preserveUnknownFields && !(path === '' && (key === 'apiVersion' || key === 'kind' || key === 'metadata'))) {
      delete object[key];
      dropped.push(at);
    }
  }
  return dropped;
}
