import { equal, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
import { everyField } from './owned-fields.ts';
import { asList, asMap, fieldElement, fieldSchema, isEmptyList, isEmptyMap, itemElement, itemsByElement, structureOf } from './structure.ts';

/** What changed from one object to another, as paths. A whole value that came or went counts with all its parts. */
export interface Comparison { readonly added: FieldSet; readonly modified: FieldSet; readonly removed: FieldSet }

export function compare(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): Comparison {
  const walk = new ComparisonWalk();
  walk.value(before, after, schema);
  return { added: walk.added.build(), modified: walk.modified.build(), removed: walk.removed.build() };
}

class ComparisonWalk {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();
  readonly #path: string[] = [];

  value(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    if (before === after) return;
    if (before === undefined) { this.added.insert(this.#path, everyField(after, schema)); return; }
    const structure = structureOf(schema, after ?? before);
    const sides = after === undefined || before === null || after === null || structureOf(schema, before) === structure;
    if (structure === 'map' && sides && !(isEmptyMap(before) && isEmptyMap(after))) this.#fields(before, after, schema);
    else if (structure === 'list' && sides && !(isEmptyList(before) && isEmptyList(after))) this.#items(before, after, schema);
    else if (after !== undefined && !equal(before, after)) this.modified.insert(this.#path);
    if (after === undefined) this.removed.insert(this.#path);
  }

  #fields(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    // Most writes leave spec or status as it was; comparing it is much cheaper than walking it by its schema.
    if (this.#path.length === 1 && equal(before, after)) return;
    const was = asMap(before);
    const is = asMap(after);
    for (const field of Object.keys(was)) this.#descend(fieldElement(field), was[field], Object.hasOwn(is, field) ? is[field] : undefined, fieldSchema(schema, field));
    for (const field of Object.keys(is)) if (!Object.hasOwn(was, field)) this.#descend(fieldElement(field), undefined, is[field], fieldSchema(schema, field));
  }

  #items(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    // Most lists of an update are as they were, and comparing is much cheaper than finding every item by its keys.
    if (equal(before, after)) return;
    const was = itemsByElement(schema, asList(before));
    const is = itemsByElement(schema, asList(after));
    for (const element of new Set([...was.keys(), ...is.keys()])) {
      const twice = was.get(element) === null || is.get(element) === null;
      if (twice) this.#duplicates(element, before, after, schema);
      else this.#descend(element, was.get(element), is.get(element), schema?.items);
    }
  }

  #duplicates(element: string, before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    const same = (list: JsonValue): JsonValue[] => asList(list).filter((item) => itemElement(schema, item) === element);
    const was = same(before);
    const is = same(after);
    this.#path.push(element);
    if (was.length === 0) this.added.insert(this.#path);
    else if (is.length === 0) this.removed.insert(this.#path);
    else if (!equal(was, is)) this.modified.insert(this.#path);
    this.#path.pop();
  }

  #descend(element: string, before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    if (before === after) return;
    this.#path.push(element);
    this.value(before, after, schema);
    this.#path.pop();
  }
}
