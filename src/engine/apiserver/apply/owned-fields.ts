import { isList, isObject, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { emptySet, fieldSet, isEmpty, memberOnly, union, type FieldSet } from './field-set.ts';
import { fieldElement, fieldSchema, isDeclared, isEmptyMap, itemElement, structureOf } from './structure.ts';

/** The fields that a value sets: what an applier of it owns. */
export function ownedFields(value: JsonValue, schema: SchemaNode | undefined): FieldSet {
  switch (structureOf(schema, value)) {
    case 'leaf': return memberOnly;
    case 'map': return isObject(value) ? ownedMap(value, schema) : emptySet;
    case 'list': return isList(value) ? ownedItems(value, schema) : emptySet;
  }
}

function ownedMap(value: { readonly [key: string]: JsonValue }, schema: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const field of Object.keys(value)) {
    const inner = value[field];
    if (inner === undefined) continue;
    const owned = ownedFields(inner, fieldSchema(schema, field));
    const whole = inner === null || (isObject(inner) && isEmptyMap(inner)) || !isDeclared(schema, field);
    const child = whole ? fieldSet(true, owned.children) : owned;
    if (!isEmpty(child)) children.set(fieldElement(field), child);
  }
  return fieldSet(false, children);
}

function ownedItems(list: readonly JsonValue[], schema: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const item of list) {
    const element = itemElement(schema, item);
    const owned = fieldSet(true, ownedFields(item, schema?.items).children);
    const before = children.get(element);
    children.set(element, before ? union(before, owned) : owned);
  }
  return fieldSet(false, children);
}

/** Every path of a value that was not there before, each struct and item on the way a member too. */
export function everyField(value: JsonValue, schema: SchemaNode | undefined): FieldSet {
  switch (structureOf(schema, value)) {
    case 'leaf': return memberOnly;
    case 'map': return isObject(value) ? everyFieldOfMap(value, schema) : memberOnly;
    case 'list': return isList(value) ? everyItem(value, schema) : memberOnly;
  }
}

function everyFieldOfMap(value: { readonly [key: string]: JsonValue }, schema: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const field of Object.keys(value)) {
    const inner = value[field];
    if (inner !== undefined) children.set(fieldElement(field), everyField(inner, fieldSchema(schema, field)));
  }
  return fieldSet(true, children);
}

/** An item that is there twice counts as a whole. */
function everyItem(list: readonly JsonValue[], schema: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const item of list) {
    const element = itemElement(schema, item);
    children.set(element, children.has(element) ? memberOnly : everyField(item, schema?.items));
  }
  return fieldSet(true, children);
}

/** With each struct field on the way to a member a member too, so that sets made by different writers compare. */
export function withStructs(set: FieldSet, schema: SchemaNode | undefined): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const field = element.startsWith('f:') ? element.slice(2) : undefined;
    const inner = withStructs(child, field === undefined ? schema?.items : fieldSchema(schema, field));
    children.set(element, field !== undefined && isDeclared(schema, field) ? fieldSet(true, inner.children) : inner);
  }
  return fieldSet(set.member, children);
}

/** A set written under an older schema, brought to this one: what became atomic is owned as a whole. Most fields stay from write to write, and so do their sets. */
export function reconciled(set: FieldSet, schema: SchemaNode | undefined): FieldSet {
  if (set.children.size === 0 || !schema || set.fits === schema) return set;
  if (isWhole(schema)) return memberOnly;
  let changed: Map<string, FieldSet> | undefined;
  for (const [element, child] of set.children) {
    const inner = reconciled(child, element.startsWith('f:') ? fieldSchema(schema, element.slice(2)) : schema.items);
    if (inner === child) continue;
    changed ??= new Map(set.children);
    changed.set(element, inner);
  }
  if (changed) return fieldSet(set.member, changed);
  set.fits = schema;
  return set;
}

function isWhole(schema: SchemaNode): boolean {
  return (schema.type === 'object' && schema.mapType === 'atomic')
    || (schema.type === 'array' && schema.listType !== 'map' && schema.listType !== 'set');
}
