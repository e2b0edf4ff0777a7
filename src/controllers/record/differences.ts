/** Where in an object: names of fields; `[app]` is the item of that name in a list, `[0]` the item at that place. */
export type FieldPath = readonly string[];

/** As people write it: `spec.template.spec.containers[app].image`. */
export const showPath = (path: FieldPath): string => path.map((part, i) => (i === 0 || part.startsWith('[') ? part : `.${part}`)).join('');

/** {@link differingPaths} as text. */
export const differences = (wanted: unknown, live: unknown): string[] => differingPaths(wanted, live).map(showPath);

/**
 * Where a live object differs from what the record says. Only fields that `wanted` names count: defaults and other managers' fields are
 * nobody's drift. Lists of named items (containers, ports, env) are matched by name, others by place.
 */
export function differingPaths(wanted: unknown, live: unknown): FieldPath[] {
  const found: FieldPath[] = [];
  compare(wanted, live, [], found);
  return found;
}

/** @param path grows and shrinks on the way: most comparisons find nothing, and then nothing is made */
function compare(wanted: unknown, live: unknown, path: string[], found: FieldPath[]): void {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) { found.push([...path]); return; }
    wanted.forEach((item: unknown, index) => {
      const part = `[${nameOf(item) ?? index}]`;
      path.push(part);
      compare(item, itemAt(live, part), path, found);
      path.pop();
    });
    return;
  }
  if (wanted !== null && typeof wanted === 'object') {
    const keys = Object.keys(wanted);
    if (live === null || typeof live !== 'object') { if (keys.length > 0) found.push([...path]); return; }
    for (const key of keys) {
      const value = (wanted as Record<string, unknown>)[key];
      if (value === undefined) continue;
      path.push(key);
      compare(value, (live as Record<string, unknown>)[key], path, found);
      path.pop();
    }
    return;
  }
  if (wanted !== live && !sameQuantity(wanted, live)) found.push([...path]);
}

/** What is at a path; undefined where nothing is. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, part) => (Array.isArray(at) ? itemAt(at, part) : at !== null && typeof at === 'object' ? (at as Record<string, unknown>)[part] : undefined), object);
}

/** A copy with another value at a path; undefined removes the field. The object itself where the path leads nowhere. */
export function withValue<T>(object: T, [part, ...rest]: FieldPath, value: unknown): T {
  if (part === undefined) return value as T;
  if (Array.isArray(object)) {
    const found = itemAt(object, part);
    return (found === undefined ? object : object.map((item: unknown) => (item === found ? withValue(item, rest, value) : item))) as T;
  }
  if (object === null || typeof object !== 'object') return object;
  const { [part]: before, ...others } = object as Record<string, unknown>;
  const after = rest.length === 0 ? value : withValue(before, rest, value);
  return (after === undefined ? others : { ...object, [part]: after }) as T;
}

function itemAt(list: readonly unknown[], part: string): unknown {
  const name = part.slice(1, -1);
  return list.find((item) => nameOf(item) === name) ?? (/^\d+$/.test(name) ? list[Number(name)] : undefined);
}

function nameOf(item: unknown): string | undefined {
  if (item === null || typeof item !== 'object') return undefined;
  const { name } = item as { name?: unknown };
  return typeof name === 'string' ? name : undefined;
}

/** The API may write a quantity in its canonical form: `0.5` becomes `500m`. */
function sameQuantity(a: unknown, b: unknown): boolean {
  const left = quantity(a);
  return left !== undefined && left === quantity(b);
}

const SUFFIX: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? /^([+-]?\d+(?:\.\d+)?)(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(value) : null;
  return match ? Number(match[1]) * (SUFFIX[match[2] ?? ''] ?? 1) : undefined;
}
