import { equal, isObject, type JsonValue } from './json.ts';

/** Where the item with this merge key stands; -1 if nowhere. Without a merge key, where an equal value stands. */
export function positionOf(list: readonly JsonValue[], item: JsonValue, key: string | undefined, value = key !== undefined && isObject(item) ? item[key] : item): number {
  return key === undefined
    ? list.findIndex((other) => equal(other, item))
    : list.findIndex((other) => isObject(other) && equal(other[key], value));
}

/**
 * Orders a merged list: items that `order` names follow it, the others keep the order of `before`, and of two items from
 * both sides the one that stood first in `before` goes first.
 */
export function interleave(list: readonly JsonValue[], order: readonly JsonValue[], before: readonly JsonValue[], key: string | undefined): JsonValue[] {
  const place = (item: JsonValue) => ({ item, wanted: positionOf(order, item, key), was: positionOf(before, item, key) });
  const placed = list.map(place);
  const named = placed.filter((p) => p.wanted >= 0).sort((a, b) => a.wanted - b.wanted);
  const others = placed.filter((p) => p.wanted < 0).sort((a, b) => a.was - b.was);
  const result: JsonValue[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length || j < named.length) {
    const other = others[i];
    const name = named[j];
    const otherFirst = other && (!name || (other.was >= 0 && name.was >= 0 && other.was < name.was));
    if (otherFirst) { result.push(other.item); i += 1; }
    else if (name) { result.push(name.item); j += 1; }
  }
  return result;
}
