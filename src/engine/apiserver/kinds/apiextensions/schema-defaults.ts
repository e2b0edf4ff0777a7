import { schemaErrors } from '../../custom-resources/value-rules.ts';
import type { Findings } from '../../validation/field-error.ts';
import { childSchema, childSchemas, type Schema } from './schema-tree.ts';

/** Every default has only fields that its schema knows, and is a value that the schema takes. */
export function validateDefaults(schema: Schema, path: string, found: Findings): void {
  if (schema.default !== undefined && schema.default !== null) {
    if (!isKnown(schema.default, schema)) found.invalid(`${path}.default`, schema.default, 'must have only fields of the schema');
    found.errors.push(...schemaErrors(schema.default, schema, `${path}.default`));
  }
  const items = childSchema(schema.items);
  if (items !== undefined) validateDefaults(items, `${path}.items`, found);
  for (const [key, child] of childSchemas(schema.properties)) validateDefaults(child, `${path}.properties[${key}]`, found);
}

const ALWAYS_KNOWN = new Set(['apiVersion', 'kind', 'metadata']);

/** Whether pruning would leave the value as it is. */
function isKnown(value: unknown, schema: Schema): boolean {
  if (value === null || typeof value !== 'object') return true;
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    const items = childSchema(schema.items);
    return items === undefined ? keeps || value.every((item) => isKnown(item, {})) : value.every((item) => isKnown(item, items));
  }
  const fields = new Map(childSchemas(schema.properties));
  const extra = childSchema(schema.additionalProperties);
  return Object.entries(value).every(([key, child]) => {
    const field = fields.get(key) ?? extra;
    if (schema['x-kubernetes-embedded-resource'] === true && ALWAYS_KNOWN.has(key)) return true;
    return field === undefined ? keeps || schema.additionalProperties as unknown === true : isKnown(child, field);
  });
}
