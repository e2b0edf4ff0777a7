import { equal, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { emptySet, fieldSet, isEmpty, memberOnly, type FieldSet } from './field-set.ts';
import { everyField } from './owned-fields.ts';
import { asList, asMap, fieldElement, fieldSchema, isEmptyList, isEmptyMap, itemElement, itemsByElement, structureOf } from './structure.ts';

/** What changed from one object to another, as paths. A whole value that came or went counts with all its parts. */
export interface Comparison { readonly added: FieldSet; readonly modified: FieldSet; readonly removed: FieldSet }

const same: Comparison = { added: emptySet, modified: emptySet, removed: emptySet };
const added: Comparison = { ...same, added: memberOnly };
const modified: Comparison = { ...same, modified: memberOnly };
const removed: Comparison = { ...same, removed: memberOnly };

export function compare(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): Comparison {
  return compareValue(before, after, schema, 0);
}

function compareValue(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined, depth: number): Comparison {
  if (before === after) return same;
  if (before === undefined) return { ...same, added: everyField(after, schema) };
  const structure = structureOf(schema, after ?? before);
  const sides = after === undefined || before === null || after === null || structureOf(schema, before) === structure;
  if (structure === 'map' && sides && !(isEmptyMap(before) && isEmptyMap(after))) return compareFields(before, after, schema, depth);
  if (structure === 'list' && sides && !(isEmptyList(before) && isEmptyList(after))) return compareItems(before, after, schema, depth);
  return after === undefined ? removed : equal(before, after) ? same : modified;
}

function compareFields(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined, depth: number): Comparison {
  // Most writes leave spec or status as it was; comparing it is much cheaper than walking it by its schema.
  if (depth === 1 && equal(before, after)) return same;
  const was = asMap(before);
  const is = asMap(after);
  const parts = new Parts();
  for (const field of Object.keys(was)) parts.add(fieldElement(field), compareValue(was[field], Object.hasOwn(is, field) ? is[field] : undefined, fieldSchema(schema, field), depth + 1));
  for (const field of Object.keys(is)) if (!Object.hasOwn(was, field)) parts.add(fieldElement(field), compareValue(undefined, is[field], fieldSchema(schema, field), depth + 1));
  return parts.comparison(after === undefined);
}

function compareItems(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined, depth: number): Comparison {
  // Most lists of an update are as they were, and comparing is much cheaper than finding every item by its keys.
  if (equal(before, after)) return same;
  const was = itemsByElement(schema, asList(before));
  const is = itemsByElement(schema, asList(after));
  const parts = new Parts();
  for (const element of new Set([...was.keys(), ...is.keys()])) {
    const twice = was.get(element) === null || is.get(element) === null;
    parts.add(element, twice ? compareDuplicates(element, before, after, schema) : compareValue(was.get(element), is.get(element), schema?.items, depth + 1));
  }
  return parts.comparison(after === undefined);
}

function compareDuplicates(element: string, before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): Comparison {
  const named = (list: JsonValue): JsonValue[] => asList(list).filter((item) => itemElement(schema, item) === element);
  const was = named(before);
  const is = named(after);
  if (was.length === 0) return added;
  if (is.length === 0) return removed;
  return equal(was, is) ? same : modified;
}

/** The comparisons of a value's parts. Most writes only add or only modify: a map is made for what there is. */
class Parts {
  #added: Map<string, FieldSet> | undefined;
  #modified: Map<string, FieldSet> | undefined;
  #removed: Map<string, FieldSet> | undefined;

  add(element: string, part: Comparison): void {
    if (part === same) return;
    if (!isEmpty(part.added)) (this.#added ??= new Map<string, FieldSet>()).set(element, part.added);
    if (!isEmpty(part.modified)) (this.#modified ??= new Map<string, FieldSet>()).set(element, part.modified);
    if (!isEmpty(part.removed)) (this.#removed ??= new Map<string, FieldSet>()).set(element, part.removed);
  }

  /** @param gone the whole is removed, with its parts */
  comparison(gone: boolean): Comparison {
    if (!gone && this.#added === undefined && this.#modified === undefined && this.#removed === undefined) return same;
    return { added: fieldSet(false, this.#added), modified: fieldSet(false, this.#modified), removed: fieldSet(gone, this.#removed) };
  }
}
