import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { equal } from '../patch/json.ts';
import type { FieldError } from '../validation/field-error.ts';
import { regularExpression, type RegularExpression } from '../validation/regular-expression.ts';

type Schema = JSONSchemaProps;
const error = (type: FieldError['type'], field: string, value: unknown, detail: string): FieldError => ({ type, field, value, detail });

/** What a structural schema refuses in a value, by field. */
export function schemaErrors(value: unknown, schema: Schema, field = ''): FieldError[] {
  if (value === null) return schema.nullable === true || schema['x-kubernetes-preserve-unknown-fields'] === true ? [] : [error('Invalid', field, 'null', `It must be of type ${schema.type ?? 'any'}`)];
  const wrongType = typeError(value, schema, field);
  if (wrongType !== undefined) return [wrongType];
  return [...enumErrors(value, schema, field), ...scalarErrors(value, schema, field), ...arrayErrors(value, schema, field), ...objectErrors(value, schema, field), ...combinedErrors(value, schema, field)];
}

function typeError(value: unknown, schema: Schema, field: string): FieldError | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) return Number.isInteger(value) || typeof value === 'string' ? undefined : error('TypeInvalid', field, value, 'It must be an integer or a string');
  const is = Array.isArray(value) ? 'array' : typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
  const { type } = schema;
  if (type === undefined || type === '' || type === is || (type === 'number' && is === 'integer')) return undefined;
  return error('TypeInvalid', field, is, `It must be of type ${type}`);
}

function enumErrors(value: unknown, schema: Schema, field: string): FieldError[] {
  const allowed = schema.enum as readonly unknown[] | undefined;
  return allowed === undefined || allowed.some((e) => equal(e, value)) ? [] : [error('NotSupported', field, value, allowed.map((e) => JSON.stringify(e)).join(', '))];
}

function scalarErrors(value: unknown, s: Schema, field: string): FieldError[] {
  const found: FieldError[] = [];
  if (typeof value === 'number') {
    if (s.minimum !== undefined && (s.exclusiveMinimum === true ? value <= s.minimum : value < s.minimum)) found.push(error('Invalid', field, value, `It must be ${s.exclusiveMinimum === true ? 'more than' : 'at least'} ${s.minimum}`));
    if (s.maximum !== undefined && (s.exclusiveMaximum === true ? value >= s.maximum : value > s.maximum)) found.push(error('Invalid', field, value, `It must be ${s.exclusiveMaximum === true ? 'less than' : 'at most'} ${s.maximum}`));
    if (s.multipleOf !== undefined && s.multipleOf <= 0) found.push(error('Invalid', field, value, 'multipleOf must be more than 0'));
    else if (s.multipleOf !== undefined && Math.abs(value / s.multipleOf - Math.round(value / s.multipleOf)) > 1e-9) found.push(error('Invalid', field, value, `It must be a multiple of ${s.multipleOf}`));
  }
  if (typeof value === 'string') {
    const length = [...value].length;
    if (s.maxLength !== undefined && length > s.maxLength) found.push(error('TooLong', field, value, `It may have ${s.maxLength} characters`));
    if (s.minLength !== undefined && length < s.minLength) found.push(error('Invalid', field, value, `It must have at least ${s.minLength} characters`));
    if (s.pattern !== undefined && pattern(s.pattern)?.test(value) === false) found.push(error('Invalid', field, value, `It must match ${s.pattern}`));
    if (s.format === 'date-time' && Number.isNaN(Date.parse(value))) found.push(error('Invalid', field, value, 'It must be an RFC 3339 time'));
    if (s.format === 'uuid' && !/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(value)) found.push(error('Invalid', field, value, 'It must be a UUID'));
  }
  return found;
}

/** A stored definition may have a pattern that cannot be read: nothing is held to it. */
function pattern(text: string): RegularExpression | undefined {
  try {
    return regularExpression(text);
  } catch {
    return undefined;
  }
}

function arrayErrors(value: unknown, s: Schema, field: string): FieldError[] {
  if (!Array.isArray(value)) return [];
  const items = value as unknown[];
  const found: FieldError[] = [];
  if (s.maxItems !== undefined && items.length > s.maxItems) found.push(error('TooMany', field, items.length, `It may have ${s.maxItems} items`));
  if (s.minItems !== undefined && items.length < s.minItems) found.push(error('Invalid', field, items.length, `It must have at least ${s.minItems} items`));
  const schema = s.items as Schema | undefined;
  if (schema !== undefined) found.push(...items.flatMap((item, i) => schemaErrors(item, schema, `${field}[${i}]`)));
  const keys = s['x-kubernetes-list-map-keys'];
  const identity = s['x-kubernetes-list-type'] === 'set' || s.uniqueItems === true ? (item: unknown) => item
    : s['x-kubernetes-list-type'] === 'map' && keys !== undefined ? (item: unknown) => keys.map((k) => (item as Record<string, unknown> | null)?.[k]) : undefined;
  if (identity !== undefined) items.forEach((item, i) => { if (items.slice(0, i).some((other) => equal(identity(other), identity(item)))) found.push({ type: 'Duplicate', field: `${field}[${i}]`, value: item }); });
  return found;
}

function objectErrors(value: unknown, s: Schema, field: string): FieldError[] {
  if (typeof value !== 'object' || Array.isArray(value) || value === null) return [];
  const object = value as Record<string, unknown>;
  const at = (key: string): string => (field === '' ? key : `${field}.${key}`);
  const found: FieldError[] = (s.required ?? []).filter((key) => object[key] === undefined).map((key) => ({ type: 'Required', field: at(key) }));
  const count = Object.keys(object).length;
  if (s.maxProperties !== undefined && count > s.maxProperties) found.push(error('TooMany', field, count, `It may have ${s.maxProperties} properties`));
  if (s.minProperties !== undefined && count < s.minProperties) found.push(error('Invalid', field, count, `It must have at least ${s.minProperties} properties`));
  const rest = s.additionalProperties as Schema | boolean | undefined;
  for (const [key, child] of Object.entries(object)) {
    const schema = (s.properties as Record<string, Schema> | undefined)?.[key] ?? (typeof rest === 'object' ? rest : undefined);
    if (schema !== undefined && child !== undefined) found.push(...schemaErrors(child, schema, at(key)));
  }
  return found;
}

function combinedErrors(value: unknown, s: Schema, field: string): FieldError[] {
  const passes = (schema: unknown): boolean => schemaErrors(value, schema as Schema, field).length === 0;
  const found: FieldError[] = (s.allOf ?? []).flatMap((schema) => schemaErrors(value, schema as Schema, field));
  if (s.anyOf !== undefined && s['x-kubernetes-int-or-string'] !== true && !s.anyOf.some(passes)) found.push(error('Invalid', field, value, 'It must fit at least one of the schemas of anyOf'));
  if (s.oneOf !== undefined && s.oneOf.filter(passes).length !== 1) found.push(error('Invalid', field, value, 'It must fit exactly one of the schemas of oneOf'));
  if (s.not !== undefined && passes(s.not)) found.push(error('Invalid', field, value, 'It must not fit the schema of not'));
  return found;
}
