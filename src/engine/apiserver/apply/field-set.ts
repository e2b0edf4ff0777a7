import { isObject, type JsonObject } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';

/**
 * A set of field paths as a tree. An edge is a path element as `fieldsV1` writes it: `f:name` (a field), `k:{…}` (the
 * item of an associative list by its keys), `v:…` (an item of a set). Sets are values: operations return new ones.
 */
export interface FieldSet {
  /** The path that ends here is in the set. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
  /** The schema that the set fits as it is, and the set in the form of `fieldsV1`, once somebody asked: both hold as long as it lives. They stand here
   *  and not in weak maps, whose entries cost the garbage collector more than the sets do. */
  fits: SchemaNode | undefined;
  written: JsonObject | undefined;
}

const none: ReadonlyMap<string, FieldSet> = new Map();
export const emptySet: FieldSet = { member: false, children: none, fits: undefined, written: undefined };
export const memberOnly: FieldSet = { member: true, children: none, fits: undefined, written: undefined };

export function fieldSet(member: boolean, children: ReadonlyMap<string, FieldSet> = none): FieldSet {
  if (children.size > 0) return { member, children, fits: undefined, written: undefined };
  return member ? memberOnly : emptySet;
}

export function isEmpty(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (!other || !sameSet(child, other)) return false;
  }
  return true;
}

/** `a` itself where it has all of `b`: what was found of it stays. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (includes(a, b)) return a;
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const mine = children.get(element);
    children.set(element, mine ? union(mine, child) : child);
  }
  return fieldSet(a.member || b.member, children);
}

function includes(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (b.member && !a.member) return false;
  for (const [element, child] of b.children) {
    const mine = a.children.get(element);
    if (mine === undefined || !includes(mine, child)) return false;
  }
  return true;
}

/** Paths of `a` that are not in `b`. Each path counts for itself: removing a parent leaves its children. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    const rest = other ? difference(child, other) : child;
    if (!isEmpty(rest)) children.set(element, rest);
  }
  return fieldSet(a.member && !b.member, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (!other) continue;
    const both = intersection(child, other);
    if (!isEmpty(both)) children.set(element, both);
  }
  return fieldSet(a.member && b.member, children);
}

/** Without everything at and below each of the paths. */
export function without(set: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce((rest, path) => cut(rest, path, 0), set);
}

function cut(set: FieldSet, path: readonly string[], depth: number): FieldSet {
  const element = path[depth];
  if (element === undefined) return emptySet;
  const child = set.children.get(element);
  if (!child) return set;
  const children = new Map(set.children);
  const rest = cut(child, path, depth + 1);
  if (isEmpty(rest)) children.delete(element);
  else children.set(element, rest);
  return fieldSet(set.member, children);
}

/** Every path in the set, in the order of `fieldsV1`. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  if (set.member) yield prefix;
  for (const element of ordered([...set.children.keys()])) {
    const child = set.children.get(element);
    if (child) yield* pathsOf(child, [...prefix, element]);
  }
}

export function fromFieldsV1(fields: unknown): FieldSet {
  if (!isObject(fields)) return emptySet;
  const children = new Map<string, FieldSet>();
  for (const element in fields) {
    if (element === '.') continue;
    const child = fromFieldsV1(fields[element]);
    children.set(element, isEmpty(child) ? memberOnly : child);
  }
  return fieldSet(Object.hasOwn(fields, '.'), children);
}

const nothingBelow: JsonObject = {};

/** Written once, and shared: most writes leave most fields of most managers as they were. */
export function toFieldsV1(set: FieldSet): JsonObject {
  if (set.children.size === 0) return nothingBelow;
  return (set.written ??= writtenOut(set));
}

function writtenOut(set: FieldSet): JsonObject {
  const result: Record<string, JsonObject> = {};
  if (set.member) result['.'] = nothingBelow;
  for (const element of ordered([...set.children.keys()])) {
    const child = set.children.get(element);
    if (child) result[element] = toFieldsV1(child);
  }
  return result;
}

const FEW = 32;

/** Sorts in place. Sets have few elements in each place: putting each where it belongs takes no memory, and `sort` took a tenth of what a write allocates. */
function ordered(elements: string[]): readonly string[] {
  if (elements.length > FEW) return elements.sort();
  for (let i = 1; i < elements.length; i++) {
    const element = elements[i] as string;
    let at = i;
    for (; at > 0 && (elements[at - 1] as string) > element; at--) elements[at] = elements[at - 1] as string;
    elements[at] = element;
  }
  return elements;
}
