import type { Findings } from '../../validation/field-error.ts';
import { schemaAt } from './schema-path.ts';
import { childSchema, childSchemas, present, subschemas, type Schema } from './schema-tree.ts';

const TYPES = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);
const LIST_TYPES = new Set(['atomic', 'set', 'map']);
const MAP_TYPES = new Set(['atomic', 'granular']);
const REASONS = new Set(['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate']);
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;
const SERVER_FIELDS = new Set(['metadata', 'kind', 'apiVersion']);

interface Place {
  readonly isRoot: boolean;
  /** Below metadata, kind or apiVersion of the root or of an embedded object. */
  readonly inMetadata: boolean;
  readonly allowsDefaults: boolean;
}

/** What OpenAPI v3 and Kubernetes's extensions of it ask of each node of a schema by itself. */
export function validateKeywords(schema: Schema, path: string, found: Findings, place: Place = { isRoot: true, inMetadata: false, allowsDefaults: true }): void {
  if (present(schema.type) && !TYPES.has(schema.type as string)) found.notSupported(`${path}.type`, schema.type, TYPES);
  if (schema.type === 'null') found.forbidden(`${path}.type`, 'nullable says it');
  if (schema.default !== undefined && !place.allowsDefaults) found.forbidden(`${path}.default`, 'metadata has none');
  for (const field of UNSUPPORTED) if (present((schema as Record<string, unknown>)[field])) found.forbidden(`${path}.${field}`, 'is not supported');
  if (Array.isArray(schema.items) && schema.items.length > 0) found.forbidden(`${path}.items`, 'must be one schema');
  if (place.inMetadata && schema['x-kubernetes-embedded-resource'] === true) found.forbidden(`${path}.x-kubernetes-embedded-resource`, 'metadata holds no objects');
  if (schema.uniqueItems === true) found.forbidden(`${path}.uniqueItems`, 'is not supported: use x-kubernetes-list-type set');
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) found.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or absent');
  const extra = schema.additionalProperties as unknown;
  if (present(schema.properties) && extra !== undefined && extra !== true) found.forbidden(`${path}.additionalProperties`, 'excludes properties');
  mapRules(schema, path, found);
  listRules(schema, path, found);
  ruleRules(schema, path, found);
  for (const [child, at] of subschemas(schema)) validateKeywords(child, `${path}${at}`, found, placeBelow(schema, at, place));
}

function placeBelow(schema: Schema, at: string, place: Place): Place {
  const isServers = (place.isRoot || schema['x-kubernetes-embedded-resource'] === true) && SERVER_FIELDS.has(/^\.properties\[(.*)\]$/s.exec(at)?.[1] ?? '');
  return {
    isRoot: false,
    inMetadata: place.inMetadata || isServers,
    allowsDefaults: place.allowsDefaults && !(place.isRoot && isServers) && !(place.inMetadata && at === '.additionalProperties'),
  };
}

/** The type that an extension needs is missing or another one. */
function needsType(schema: Schema, type: string, extension: string, path: string, found: Findings): void {
  if (schema.type === type) return;
  if (present(schema.type)) found.invalid(`${path}.type`, schema.type, `must be ${type} with ${extension}`);
  else found.required(`${path}.type`, `must be ${type} with ${extension}`);
}

function mapRules(schema: Schema, path: string, found: Findings): void {
  const kind = schema['x-kubernetes-map-type'];
  if (kind === undefined) return;
  needsType(schema, 'object', 'x-kubernetes-map-type', path, found);
  if (!MAP_TYPES.has(kind)) found.notSupported(`${path}.x-kubernetes-map-type`, kind, MAP_TYPES);
}

function listRules(schema: Schema, path: string, found: Findings): void {
  const kind = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const items = childSchema(schema.items);
  if (keys.length > 0 && kind !== 'map') {
    if (kind === undefined) found.required(`${path}.x-kubernetes-list-type`, 'must be map with x-kubernetes-list-map-keys');
    else found.invalid(`${path}.x-kubernetes-list-type`, kind, 'must be map with x-kubernetes-list-map-keys');
  }
  if (kind === undefined) return;
  if (schema.type !== 'array') needsType(schema, 'array', 'x-kubernetes-list-type', path, found);
  else if (kind === 'set' && items !== undefined) setItems(items, `${path}.items`, found);
  if (!LIST_TYPES.has(kind)) found.notSupported(`${path}.x-kubernetes-list-type`, kind, LIST_TYPES);
  if ((kind === 'set' || kind === 'map') && items?.nullable === true) found.forbidden(`${path}.items.nullable`, `excludes the list type ${kind}`);
  if (kind === 'map') mapItems(schema, items, keys, path, found);
}

/** Members of a set are compared as a whole, so they are owned as a whole. */
function setItems(items: Schema, path: string, found: Findings): void {
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') found.invalid(`${path}.x-kubernetes-list-type`, listType, 'must be atomic in a set');
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') found.invalid(`${path}.x-kubernetes-map-type`, items['x-kubernetes-map-type'], 'must be atomic in a set');
}

function mapItems(schema: Schema, items: Schema | undefined, keys: readonly string[], path: string, found: Findings): void {
  if (keys.length === 0) found.required(`${path}.x-kubernetes-list-map-keys`, 'are needed with the list type map');
  if (schema.items === undefined) found.required(`${path}.items`, 'are needed with the list type map');
  else if (items === undefined) found.invalid(`${path}.items`, schema.items, 'must be one schema with the list type map');
  else if (items.type !== 'object') found.invalid(`${path}.items.type`, items.type ?? '', 'must be object with the list type map');
  const fields = new Map(childSchemas(items?.properties));
  keys.forEach((key, i) => {
    const field = fields.get(key);
    if (items?.type === 'object') {
      if (field === undefined) found.invalid(`${path}.x-kubernetes-list-map-keys`, keys, `${key} is no field of the items`);
      else if (field.type === 'array' || field.type === 'object') found.invalid(`${path}.items.properties[${key}].type`, field.type, 'must be scalar for a key');
      if (keys.indexOf(key) < i) found.invalid(`${path}.x-kubernetes-list-map-keys`, keys, `${key} is there twice`);
    }
    if (field === undefined) return;
    if (field.default === undefined && items?.required?.includes(key) !== true) found.required(`${path}.items.properties[${key}].default`, 'a key is required or has a default');
    if (field.nullable === true) found.forbidden(`${path}.items.properties[${key}].nullable`, 'a key is not nullable');
  });
}

interface Rule { readonly rule?: string; readonly message?: string; readonly messageExpression?: string; readonly reason?: string; readonly fieldPath?: string }

/** What can be said of CEL rules without reading their expressions. */
function ruleRules(schema: Schema, path: string, found: Findings): void {
  const rules = (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];
  rules.forEach((rule, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const text = (rule.rule ?? '').trim(), message = (rule.message ?? '').trim();
    if (text === '') found.required(`${at}.rule`);
    else if (message === '' && present(rule.message)) found.invalid(`${at}.message`, rule.message, 'must not be empty');
    else if (hasLineBreak(message)) found.invalid(`${at}.message`, rule.message, 'must be one line');
    else if (hasLineBreak(text) && message === '') found.required(`${at}.message`, 'is needed where the rule has several lines');
    if (present(rule.messageExpression) && rule.messageExpression?.trim() === '') found.required(`${at}.messageExpression`, 'must not be empty');
    if (rule.reason !== undefined && !REASONS.has(rule.reason)) found.notSupported(`${at}.reason`, rule.reason, REASONS);
    const field = rule.fieldPath ?? '';
    if (field === '') return;
    if (field.trim() === '') found.invalid(`${at}.fieldPath`, field, 'must not be empty');
    if (hasLineBreak(field)) found.invalid(`${at}.fieldPath`, field, 'must be one line');
    if (schemaAt(schema, field) === undefined) found.invalid(`${at}.fieldPath`, field, 'must lead to a field of the schema');
  });
}

const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text);
