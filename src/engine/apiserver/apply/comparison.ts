import { equal, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
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
    const structure = structureOf(schema, after ?? before);
    const sides = before === undefined || after === undefined || before === null || after === null || structureOf(schema, before) === structure;
    if (structure === 'map' && sides && !(isEmptyMap(before) && isEmptyMap(after))) this.#fields(before, after, schema);
    else if (structure === 'list' && sides && !(isEmptyList(before) && isEmptyList(after))) this.#items(before, after, schema);
    else if (before !== undefined && after !== undefined && !equal(before, after)) this.modified.insert(this.#path);
    if (before === undefined) this.added.insert(this.#path);
    else if (after === undefined) this.removed.insert(this.#path);
  }

  #fields(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
    const was = asMap(before);
    const is = asMap(after);
    for (const field of new Set([...Object.keys(was), ...Object.keys(is)])) {
      this.#descend(fieldElement(field), Object.hasOwn(was, field) ? was[field] : undefined, Object.hasOwn(is, field) ? is[field] : undefined, fieldSchema(schema, field));
    }
  }

  #items(before: JsonValue, after: JsonValue, schema: SchemaNode | undefined): void {
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
