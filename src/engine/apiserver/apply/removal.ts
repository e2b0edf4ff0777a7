import { isList, isObject, put, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { isEmpty, type FieldSet } from './field-set.ts';
import { fieldElement, fieldSchema, itemElement, structureOf } from './structure.ts';

/** The value without the fields and items of the set; undefined where nothing is left of it. */
export function removeFields(value: JsonValue, set: FieldSet, schema: SchemaNode | undefined): JsonValue {
  if (isEmpty(set) || set.children.size === 0) return value;
  const structure = structureOf(schema, value);
  if (structure === 'map' && isObject(value)) {
    const result: Record<string, JsonValue> = {};
    for (const field of Object.keys(value)) {
      const inner = remaining(value[field], set.children.get(fieldElement(field)), fieldSchema(schema, field));
      if (inner !== undefined) put(result, field, inner);
    }
    return Object.keys(result).length > 0 ? result : undefined;
  }
  if (structure === 'list' && isList(value)) {
    const result = value.map((item) => remaining(item, set.children.get(itemElement(schema, item)), schema?.items)).filter((item) => item !== undefined);
    return result.length > 0 ? result : undefined;
  }
  return value;
}

function remaining(value: JsonValue, set: FieldSet | undefined, schema: SchemaNode | undefined): JsonValue {
  if (!set) return value;
  return set.member ? undefined : removeFields(value, set, schema);
}
