import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { Optional, type Environment } from '@marcbachmann/cel-js';
import { celEnvironment, celMessage, compile, type Expression } from '../cel/environment.ts';
import { escapeName } from '../cel/declared-type.ts';
import { equal } from '../patch/json.ts';
import type { FieldError, FieldErrorType } from '../validation/field-error.ts';

const required = (): Environment => celEnvironment(['self', 'oldSelf']);
let lenient: Environment | undefined;
/** Where a rule runs on create too, its oldSelf may be absent. */
const optional = (): Environment => (lenient ??= celEnvironment(['self']).clone().registerVariable('oldSelf', 'optional<dyn>'));
const programs = new Map<string, Expression>();
const programLimit = 5000;

interface Rule { readonly rule: string; readonly message?: string; readonly messageExpression?: string; readonly reason?: string; readonly fieldPath?: string; readonly optionalOldSelf?: boolean }

/** What the schema's x-kubernetes-validations refuse. Rules that name oldSelf run on updates only. @param old absent on create */
export function celErrors(value: unknown, old: unknown, schema: JSONSchemaProps, field = ''): FieldError[] {
  if (value === undefined || value === null) return [];
  const rules = (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];
  return [...rules.flatMap((rule) => ruleErrors(rule, value, old, schema, field)), ...childErrors(value, old, schema, field)];
}

function childErrors(value: unknown, old: unknown, schema: JSONSchemaProps, field: string): FieldError[] {
  if (Array.isArray(value)) {
    const items = schema.items as JSONSchemaProps | undefined;
    if (items === undefined) return [];
    return value.flatMap((item, i) => celErrors(item, correlated(item, old, schema), items, `${field}[${i}]`));
  }
  if (typeof value !== 'object') return [];
  const before = (typeof old === 'object' && old !== null ? old : {}) as Record<string, unknown>;
  const rest = schema.additionalProperties as JSONSchemaProps | boolean | undefined;
  return Object.entries(value as Record<string, unknown>).flatMap(([key, child]) => {
    const named = (schema.properties as Record<string, JSONSchemaProps> | undefined)?.[key];
    if (named !== undefined) return celErrors(child, before[key], named, field === '' ? key : `${field}.${key}`);
    return typeof rest === 'object' ? celErrors(child, before[key], rest, `${field}[${key}]`) : [];
  });
}

/** The old item that a list's item continues: the one with the same keys; none for lists without keys. */
function correlated(item: unknown, old: unknown, schema: JSONSchemaProps): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys === undefined || !Array.isArray(old)) return undefined;
  return old.find((o: unknown) => keys.every((k) => (o as Record<string, unknown>)[k] === (item as Record<string, unknown>)[k]));
}

const reasons: Readonly<Record<string, FieldErrorType>> = { FieldValueInvalid: 'Invalid', FieldValueForbidden: 'Forbidden', FieldValueRequired: 'Required', FieldValueDuplicate: 'Duplicate' };

function ruleErrors(rule: Rule, value: unknown, old: unknown, schema: JSONSchemaProps, field: string): FieldError[] {
  const isTransition = /\boldSelf\b/.test(rule.rule);
  if (isTransition && old === undefined && rule.optionalOldSelf !== true) return [];
  // What was there before the rule, and is as it was, is not the fault of this write.
  if (!isTransition && old !== undefined && equal(value, old)) return [];
  const before = old === undefined ? undefined : typed(old, schema);
  const oldSelf = rule.optionalOldSelf === true ? (before === undefined ? Optional.none() : Optional.of(before)) : before;
  const context = { self: typed(value, schema), ...(isTransition && { oldSelf }) };
  const at = rule.fieldPath === undefined ? field : `${field}${rule.fieldPath}`.replace(/^\./, '');
  try {
    if (program(rule.rule, rule.optionalOldSelf === true)(context) === true) return [];
    return [{ type: reasons[rule.reason ?? ''] ?? 'Invalid', field: at, value, detail: messageOf(rule, context) }];
  } catch (error) {
    return [{ type: 'Invalid', field: at, value, detail: `The rule ${rule.rule} could not be evaluated: ${celMessage(error)}` }];
  }
}

function messageOf(rule: Rule, context: Record<string, unknown>): string {
  if (rule.messageExpression !== undefined) {
    try {
      const text = program(rule.messageExpression, rule.optionalOldSelf === true)(context);
      if (typeof text === 'string' && text.trim() !== '') return text;
    } catch { /* The fixed message stands in, as the API defines. */ }
  }
  return rule.message ?? `failed rule: ${rule.rule}`;
}

function program(expression: string, oldIsOptional: boolean): Expression {
  const key = oldIsOptional ? `?${expression}` : expression;
  let made = programs.get(key);
  if (made === undefined) {
    made = compile(oldIsOptional ? optional() : required(), expression);
    if (programs.size >= programLimit) programs.clear();
    programs.set(key, made);
  }
  return made;
}

/** A value as its schema declares it: CEL's integers are BigInt, times, durations and bytes have types of their own, and fields the names that
 *  expressions write. Absent fields stay absent, for has(). */
function typed(value: unknown, schema: JSONSchemaProps): unknown {
  if (typeof value === 'number') return (schema.type === 'integer' || schema['x-kubernetes-int-or-string'] === true) && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') return typedText(value, schema.format);
  if (Array.isArray(value)) return value.map((v) => typed(v, (schema.items ?? {}) as JSONSchemaProps));
  if (typeof value !== 'object' || value === null) return value;
  const rest = schema.additionalProperties as JSONSchemaProps | boolean | undefined;
  const properties = (schema.properties ?? {}) as Record<string, JSONSchemaProps>;
  const entries: [string, unknown][] = [];
  for (const [key, child] of Object.entries(value)) {
    const named = properties[key];
    const converted = typed(child, named ?? (typeof rest === 'object' ? rest : {}));
    const escaped = named === undefined ? key : escapeName(key) ?? key;
    entries.push([escaped, converted]);
    if (escaped === '__namespace__') entries.push([key, converted]);
  }
  return Object.fromEntries(entries);
}

/** Text that is not what its format says stays text: validation refuses it elsewhere. */
function typedText(value: string, format: string | undefined): unknown {
  switch (format) {
    case 'date': case 'date-time': return Number.isNaN(Date.parse(value)) ? value : new Date(value);
    case 'byte': return new Uint8Array(Buffer.from(value, 'base64'));
    case 'duration':
      try {
        return (durations ??= compile(celEnvironment(['text']), 'duration(text)'))({ text: value });
      } catch {
        return value;
      }
    default: return value;
  }
}

let durations: Expression | undefined;
