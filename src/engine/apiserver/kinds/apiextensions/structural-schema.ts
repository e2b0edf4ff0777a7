import { equal } from '../../patch/json.ts';
import type { Findings } from '../../validation/field-error.ts';
import { regularExpression } from '../../validation/regular-expression.ts';
import { childSchema, childSchemas, present, subschemas, type Schema } from './schema-tree.ts';

const UNSUPPORTED = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'] as const;

const SAID_OF_METADATA = new Set(['type', 'default', 'properties', 'example', 'externalDocs']);
const BELOW = 'does not stand below allOf, anyOf, oneOf and not';

type Level = 'root' | 'item' | 'field';

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
const NOT_BELOW_JUNCTORS = ['title', 'description', 'nullable', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-list-map-keys', 'x-kubernetes-list-type', 'x-kubernetes-map-type', 'x-kubernetes-validations'] as const;

/**
 * A structural schema says of every field outside of allOf, anyOf, oneOf and not which type it has; below these stands only what restricts values.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function validateStructure(schema: Schema, path: string, found: Findings): void {
  invariants(schema, 'root', path, found);
  completeness(schema, schema, path, path, found);
}

/** Whether the schema can be read as a structural one at all. */
export function canBeStructural(schema: Schema): boolean {
  const unsupported = UNSUPPORTED.some((field) => present(schema[field])) || Array.isArray(schema.items) || schema['x-kubernetes-preserve-unknown-fields'] === false;
  return !unsupported && subschemas(schema).every(([child]) => canBeStructural(child));
}

function invariants(schema: Schema, level: Level, path: string, found: Findings): void {
  const items = childSchema(schema.items);
  if (schema.type === 'array' && items === undefined) found.required(`${path}.items`, 'is needed with the type array');
  if (items !== undefined) invariants(items, 'item', `${path}.items`, found);
  for (const [key, child] of childSchemas(schema.properties)) invariants(child, 'field', `${path}.properties[${key}]`, found);
  if (isGiven(schema.additionalProperties)) {
    if (level === 'root') found.forbidden(`${path}.additionalProperties`, 'does not stand at the root');
    const extra = childSchema(schema.additionalProperties);
    if (extra !== undefined) invariants(extra, 'field', `${path}.additionalProperties`, found);
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (schema['x-kubernetes-preserve-unknown-fields'] === true) found.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'excludes x-kubernetes-int-or-string');
    if (schema['x-kubernetes-embedded-resource'] === true) found.invalid(`${path}.x-kubernetes-embedded-resource`, true, 'excludes x-kubernetes-int-or-string');
  }
  valueValidation(schema, path, found, isIntOrString(schema.anyOf), isIntOrString((schema.allOf?.[0] as Schema | undefined)?.anyOf));
  typeRules(schema, level, path, found);
  metadataRules(schema, level, path, found);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const isIntOrString = (anyOf: unknown): boolean => equal(anyOf, INT_OR_STRING);

function typeRules(schema: Schema, level: Level, path: string, found: Findings): void {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const typed = schema.type !== undefined && schema.type !== '';
  if (embedded && schema.type !== 'object') {
    if (typed) found.invalid(`${path}.type`, schema.type, 'must be object with x-kubernetes-embedded-resource');
    else found.required(`${path}.type`, 'must be object with x-kubernetes-embedded-resource');
  } else if (!typed && schema['x-kubernetes-int-or-string'] !== true && schema['x-kubernetes-preserve-unknown-fields'] !== true) found.required(`${path}.type`, level === 'root' ? 'the root has the type object' : 'is needed');
  if (embedded && isGiven(schema.additionalProperties)) found.forbidden(`${path}.additionalProperties`, 'excludes x-kubernetes-embedded-resource');
  if (level === 'root' && typed && schema.type !== 'object') found.invalid(`${path}.type`, schema.type, 'the root has the type object');
}

/** What the server itself knows of every object may hardly be restricted. */
function metadataRules(schema: Schema, level: Level, path: string, found: Findings): void {
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  const fields = new Map(childSchemas(schema.properties));
  for (const name of ['kind', 'apiVersion']) {
    const field = fields.get(name);
    if (isResource && field !== undefined && field.type !== 'string') found.invalid(`${path}.properties[${name}].type`, field.type ?? '', 'must be string');
  }
  const metadata = fields.get('metadata');
  if (metadata !== undefined) {
    if (isResource && metadata.type !== 'object') found.invalid(`${path}.properties[metadata].type`, metadata.type ?? '', 'must be object');
    if (level === 'root') {
      const others = Object.keys(metadata.properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
      if (others.length > 0 || Object.keys(metadata).some((field) => !SAID_OF_METADATA.has(field))) found.forbidden(`${path}.properties[metadata]`, 'may only restrict name and generateName');
    }
  }
  if (schema['x-kubernetes-embedded-resource'] === true && schema['x-kubernetes-preserve-unknown-fields'] !== true && fields.size === 0) found.required(`${path}.properties`, 'is needed with x-kubernetes-embedded-resource');
}

/** @param freeAnyOf anyOf is the pattern of an integer or a string, which may name types @param freeFirst so is that of allOf[0] */
function valueValidation(schema: Schema, path: string, found: Findings, freeAnyOf: boolean, freeFirst: boolean): void {
  if (!freeAnyOf) schema.anyOf?.forEach((child, i) => nested(child as Schema, `${path}.anyOf[${i}]`, found, false));
  schema.allOf?.forEach((child, i) => nested(child as Schema, `${path}.allOf[${i}]`, found, freeFirst && i === 0));
  schema.oneOf?.forEach((child, i) => nested(child as Schema, `${path}.oneOf[${i}]`, found, false));
  if (schema.not !== undefined) nested(schema.not as Schema, `${path}.not`, found, false);
  if (present(schema.pattern) && !isPattern(schema.pattern as string)) found.invalid(`${path}.pattern`, schema.pattern, 'is no regular expression');
}

function nested(schema: Schema, path: string, found: Findings, freeAnyOf: boolean): void {
  valueValidation(schema, path, found, freeAnyOf, false);
  const items = childSchema(schema.items);
  if (items !== undefined) nested(items, `${path}.items`, found, false);
  const fields = childSchemas(schema.properties);
  for (const [key, child] of fields) nested(child, `${path}.properties[${key}]`, found, false);
  if (present(schema.type)) found.forbidden(`${path}.type`, BELOW);
  if (schema.default !== undefined) found.forbidden(`${path}.default`, BELOW);
  if (isGiven(schema.additionalProperties) && schema.additionalProperties as unknown !== false) found.forbidden(`${path}.additionalProperties`, BELOW);
  for (const field of NOT_BELOW_JUNCTORS) {
    const value = (schema as Record<string, unknown>)[field];
    if (present(value) && value !== false && !(Array.isArray(value) && value.length === 0)) found.forbidden(`${path}.${field}`, BELOW);
  }
  if (fields.some(([key]) => key === 'metadata')) found.forbidden(`${path}.properties[metadata]`, BELOW);
}

/** What the junctors of the root restrict must be declared beside them. */
function completeness(schema: Schema, declared: Schema | undefined, path: string, declaredPath: string, found: Findings): void {
  for (const field of ['allOf', 'anyOf', 'oneOf'] as const) schema[field]?.forEach((child, i) => isDeclared(child as Schema, declared, `${path}.${field}[${i}]`, declaredPath, found));
  if (schema.not !== undefined) isDeclared(schema.not as Schema, declared, `${path}.not`, declaredPath, found);
}

function isDeclared(restricting: Schema, declared: Schema | undefined, path: string, declaredPath: string, found: Findings): void {
  if (declared === undefined) {
    found.required(declaredPath, `is needed, as ${path} is there`);
    return;
  }
  completeness(restricting, declared, path, declaredPath, found);
  const items = childSchema(restricting.items);
  if (items !== undefined) isDeclared(items, childSchema(declared.items), `${path}.items`, `${declaredPath}.items`, found);
  const fields = new Map(childSchemas(declared.properties));
  for (const [key, child] of childSchemas(restricting.properties)) isDeclared(child, fields.get(key), `${path}.properties[${key}]`, `${declaredPath}.properties[${key}]`, found);
}

/** Patterns are RE2's, which know less than JavaScript's. */
function isPattern(text: string): boolean {
  try {
    regularExpression(text);
    return true;
  } catch {
    return false;
  }
}
