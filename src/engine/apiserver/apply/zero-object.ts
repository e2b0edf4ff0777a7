import table from '../../../kubernetes/data/defaults.json' with { type: 'json' };
import type { JsonObject, JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';

const defaults = (table as { definitions: Record<string, Record<string, unknown> | undefined> }).definitions;
const known = new WeakMap<SchemaNode, JsonObject>();

/**
 * What a kind serialises to before anything is set: structs that are always present, required fields at their zero
 * value. A create is tracked as the change from it, so that nobody owns structs which every object has.
 */
export function zeroObject(schema: SchemaNode | undefined): JsonObject {
  if (!schema?.definition) return {};
  let zero = known.get(schema);
  if (!zero) {
    zero = zeroOf(schema);
    known.set(schema, zero);
  }
  return zero;
}

function zeroOf(schema: SchemaNode): JsonObject {
  const own = schema.definition === undefined ? undefined : defaults[schema.definition];
  const result: Record<string, JsonValue> = {};
  for (const [field, child] of schema.properties ?? []) {
    const value = own?.[field];
    if (child.type === 'object' && child.properties && value !== undefined) result[field] = zeroOf(child);
    else if (schema.required.includes(field)) result[field] = zeroScalar(child);
  }
  return result;
}

function zeroScalar(schema: SchemaNode): JsonValue {
  switch (schema.type) {
    case 'string': return schema.format === 'date-time' ? null : '';
    case 'integer': case 'number': return 0;
    case 'boolean': return false;
    default: return null;
  }
}
