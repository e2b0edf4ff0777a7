export type Path = readonly (string | number)[];

/** Stands for no value. */
export const REMOVED = Symbol('removed');

/** Every place in a value, outer ones first. */
export function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (value === null || typeof value !== 'object') return;
  const entries: [string | number, unknown][] = Array.isArray(value) ? value.map((item, i) => [i, item]) : Object.entries(value);
  for (const [key, item] of entries) {
    yield [...path, key];
    yield* pathsOf(item, [...path, key]);
  }
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);
}

/** A copy with another value at a place; what leads there must exist. */
export function withValue(value: unknown, path: Path, changed: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return changed;
  const next = withValue((value as Record<string | number, unknown>)[key], rest, changed);
  if (Array.isArray(value)) return next === REMOVED ? value.toSpliced(key as number, 1) : value.with(key as number, next);
  const copy: Record<string, unknown> = { ...(value as object) };
  if (next === REMOVED) delete copy[key];
  else copy[key] = next;
  return copy;
}
