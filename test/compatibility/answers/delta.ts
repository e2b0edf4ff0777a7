import { isDeepStrictEqual } from 'node:util';
import { REMOVED, withValue, type Path } from './places.ts';

/** Places where a value differs from another: with a value, set to it; without, removed. */
export type Delta = readonly (readonly [Path] | readonly [Path, unknown])[];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keeps recorded answers small: most of an answer is what was asked for. Lists of another length are told whole. */
export function deltaOf(from: unknown, to: unknown, path: Path = []): Delta {
  if (isDeepStrictEqual(from, to)) return [];
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) return from.flatMap((item, i) => deltaOf(item, to[i], [...path, i]));
  if (!isObject(from) || !isObject(to)) return [[path, to]];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].sort().flatMap((key): Delta => {
    if (!(key in to)) return [[[...path, key]]];
    return key in from ? deltaOf(from[key], to[key], [...path, key]) : [[[...path, key], to[key]]];
  });
}

export function withDelta(from: unknown, delta: Delta): unknown {
  return delta.reduce((value, [path, ...rest]) => withValue(value, path, rest.length === 0 ? REMOVED : rest[0]), from);
}
