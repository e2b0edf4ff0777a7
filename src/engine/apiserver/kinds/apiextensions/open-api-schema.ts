import type { JSONSchemaProps } from '../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../validation/field-error.ts';

type Schema = JSONSchemaProps & { default?: unknown };

const TYPES = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);
const LIST_TYPES = new Set(['atomic', 'set', 'map']);
const MAP_TYPES = new Set(['atomic', 'granular']);

/** A structural schema: each node has a type, defaults fit, and only what validates stands below anyOf and the like. */
export function validateOpenApiSchema(root: JSONSchemaProps, path: string, found: Findings): void {
  const before = found.errors.length;
  standard(root as Schema, path, found);
  if (root.type !== undefined && !TYPES.has(root.type)) for (let i = 0; i < 2; i++) found.invalid(`${path}.type`, root.type, 'the root has the type object');
  if (root.nullable === true) found.forbidden(`${path}.nullable`, 'the root is not nullable');
  if (found.errors.length === before) structural(root as Schema, path, found, true);
  if (found.errors.length === before) defaults(root as Schema, path, found);
}

function standard(schema: Schema, path: string, found: Findings): void {
  if (schema.type !== undefined && !TYPES.has(schema.type)) {
    found.notSupported(`${path}.type`, schema.type, TYPES);
    if (schema.default !== undefined) found.typeInvalid(`${path}.default`, schema.default, 'has no type to fit');
  }
  if (schema.uniqueItems === true) found.forbidden(`${path}.uniqueItems`, 'is not supported');
  if (schema.additionalProperties !== undefined && schema.properties !== undefined && schema.additionalProperties as unknown !== true) found.forbidden(`${path}.additionalProperties`, 'excludes properties');
  if (schema['x-kubernetes-list-type'] !== undefined) {
    found.optionalEnum(`${path}.x-kubernetes-list-type`, schema['x-kubernetes-list-type'], LIST_TYPES);
    if (schema.type !== 'array') found.invalid(`${path}.type`, schema.type, 'must be array with x-kubernetes-list-type');
    if (schema['x-kubernetes-list-type'] === 'map' && (schema['x-kubernetes-list-map-keys']?.length ?? 0) === 0) found.required(`${path}.x-kubernetes-list-map-keys`, 'is needed with the list type map');
    const fields = (schema.items as Schema | undefined)?.properties;
    if (schema['x-kubernetes-list-type'] === 'map') for (const key of schema['x-kubernetes-list-map-keys'] ?? []) if (fields?.[key] === undefined) found.invalid(`${path}.x-kubernetes-list-map-keys`, key, 'must be a field of the items');
  }
  found.optionalEnum(`${path}.x-kubernetes-map-type`, schema['x-kubernetes-map-type'], MAP_TYPES);
  for (const field of ['$ref', 'definitions', 'dependencies', 'id', 'patternProperties'] as const) {
    const value = (schema as Record<string, unknown>)[field];
    if (value !== undefined) found.forbidden(`${path}.${field}`, 'is not supported');
  }
  if (schema.pattern !== undefined && !isPattern(schema.pattern)) found.invalid(`${path}.pattern`, schema.pattern, 'is no regular expression');
  each(schema, path, (child, at) => standard(child, at, found));
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function each(schema: Schema, path: string, visit: (child: Schema, at: string) => void): void {
  for (const key in schema.properties) visit(schema.properties[key] as Schema, `${path}.properties[${key}]`);
  const items = schema.items as Schema | undefined;
  if (items !== undefined) visit(items, `${path}.items`);
  const extra = schema.additionalProperties as unknown;
  if (typeof extra === 'object' && extra !== null) visit(extra as Schema, `${path}.additionalProperties`);
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) schema[field]?.forEach((child, i) => visit(child as Schema, `${path}.${field}[${i}]`));
  if (schema.not !== undefined) visit(schema.not as Schema, `${path}.not`);
}

function structural(schema: Schema, path: string, found: Findings, isRoot: boolean): void {
  const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.type === undefined && (isRoot || !free)) found.required(`${path}.type`, isRoot ? 'the root has the type object' : 'is needed');
  else if (isRoot && schema.type !== undefined && schema.type !== 'object') found.invalid(`${path}.type`, schema.type, 'the root has the type object');
  if (schema.type === 'array' && schema.items === undefined) found.required(`${path}.items`, 'is needed with the type array');
  for (const key in schema.properties) structural(schema.properties[key] as Schema, `${path}.properties[${key}]`, found, false);
  if (schema.items !== undefined) structural(schema.items as Schema, `${path}.items`, found, false);
  const extra = schema.additionalProperties as unknown;
  if (typeof extra === 'object' && extra !== null) structural(extra as Schema, `${path}.additionalProperties`, found, false);
}

function defaults(schema: Schema, path: string, found: Findings): void {
  if (schema.default !== undefined && schema.default !== null && !fits(schema.default, schema)) {
    if (typeof schema.default === 'string' && schema.default.length > (schema.maxLength ?? Infinity)) found.tooLong(`${path}.default`, `must be at most ${schema.maxLength} characters`);
    else found.invalid(`${path}.default`, schema.default, 'must fit the schema');
  }
  each(schema, path, (child, at) => defaults(child, at, found));
}

function fits(value: unknown, schema: Schema): boolean {
  switch (schema.type) {
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array': return Array.isArray(value);
    case 'string': return typeof value === 'string' && (schema.enum === undefined || schema.enum.includes(value as never)) && value.length >= (schema.minLength ?? 0) && value.length <= (schema.maxLength ?? Infinity);
    case 'boolean': return typeof value === 'boolean';
    case 'integer': return typeof value === 'number' && Number.isInteger(value) && inRange(value, schema);
    case 'number': return typeof value === 'number' && inRange(value, schema);
    default: return true;
  }
}

function inRange(value: number, schema: Schema): boolean {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return value >= minimum && value <= maximum && !(schema.exclusiveMinimum === true && value === minimum) && !(schema.exclusiveMaximum === true && value === maximum);
}
