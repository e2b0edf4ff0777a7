import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import { PatchError } from '../patch/patch-error.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { fieldSchema, itemElement, StructureError, structureOf } from './structure.ts';

/** @throws {PatchError} 400 when the applied configuration cannot be one of this version and schema */
export function checkApplied(applied: JsonObject, apiVersion: string, schema: SchemaNode | undefined): void {
  if (applied.apiVersion !== apiVersion) {
    throw new PatchError(400, `The applied configuration says apiVersion ${JSON.stringify(applied.apiVersion)}, but the request's path is of ${apiVersion}; use the same for both`);
  }
  if (isObject(applied.metadata) && applied.metadata.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw new PatchError(400, 'An applied configuration has no metadata.managedFields: the server keeps them; remove the field');
  }
  check(applied, schema, '');
}

function check(value: JsonValue, schema: SchemaNode | undefined, path: string): void {
  const structure = structureOf(schema, value);
  if (structure === 'map' && isObject(value)) {
    for (const field of Object.keys(value)) {
      const inner = fieldSchema(schema, field);
      if (!inner && schema?.properties && !schema.preserveUnknownFields) {
        throw new PatchError(400, `Cannot apply ${path === '' ? 'the object' : path}: ${path}.${field}: field not declared in schema`);
      }
      check(value[field], inner, `${path}.${field}`);
    }
  } else if (structure === 'list' && isList(value)) {
    checkItems(value, schema, path);
  } else if (schema && value !== null && value !== undefined && !fits(value, schema)) {
    throw new PatchError(400, `Cannot apply ${path}: it takes ${schema.type === 'array' ? 'a list' : `a value of type ${schema.type}`}, not ${JSON.stringify(value)?.slice(0, 60)}`);
  }
}

function fits(value: JsonValue, schema: SchemaNode): boolean {
  switch (schema.type) {
    case 'any': return true;
    case 'object': return isObject(value);
    case 'array': return isList(value);
    default: return !isObject(value) && !isList(value);
  }
}

function checkItems(list: readonly JsonValue[], schema: SchemaNode | undefined, path: string): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const element = elementOf(schema, item, `${path}[${index}]`);
    if (seen.has(element)) throw new PatchError(400, `Cannot apply ${path}[${index}]: an item with the key ${element.slice(2)} is there already`);
    seen.add(element);
    check(item, schema?.items, `${path}[${index}]`);
  }
}

function elementOf(schema: SchemaNode | undefined, item: JsonValue, path: string): string {
  try {
    return itemElement(schema, item);
  } catch (e) {
    if (e instanceof StructureError) throw new PatchError(400, `Cannot apply ${path}: ${e.message}`);
    throw e;
  }
}
