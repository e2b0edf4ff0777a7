import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** A regular expression that a client wrote. Its time grows with the text alone: none can hold the server. Syntax: https://github.com/google/re2/wiki/Syntax */
export interface RegularExpression {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
  /** What it matches in the text, from left to right. */
  matches(text: string): Generator<string>;
}

const KEPT = 1000;
const known = new Map<string, RegularExpression>();

/** @throws {Error} for what is no regular expression */
export function regularExpression(pattern: string): RegularExpression {
  let made = known.get(pattern);
  if (made === undefined) {
    made = new Expression(pattern);
    if (known.size >= KEPT) known.clear();
    known.set(pattern, made);
  }
  return made;
}

/** Texts up to here are matched by the engine that backtracks, where the pattern cannot make it slow: it takes a seventieth of the time. */
const FAST_LENGTH = 1000;

class Expression implements RegularExpression {
  readonly #pattern: string;
  readonly #fast: RegExp | undefined;
  #linear: RE2JS | undefined;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#fast = isHarmless(pattern) ? read(pattern) : undefined;
    if (this.#fast === undefined) this.#linear = compile(pattern);
  }

  test(text: string): boolean {
    if (this.#fast !== undefined && text.length <= FAST_LENGTH) return this.#fast.test(text);
    return this.#re2().matcher(text).find();
  }

  *matches(text: string): Generator<string> {
    const matcher = this.#re2().matcher(text);
    while (matcher.find()) yield matcher.group() ?? '';
  }

  #re2(): RE2JS {
    return (this.#linear ??= compile(this.#pattern));
  }
}

let engine: typeof RE2JS | undefined;

/** Loaded when the first pattern needs it: most servers never do. */
function compile(pattern: string): RE2JS {
  engine ??= (createRequire(import.meta.url)('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
  return engine.compile(pattern);
}

function read(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}

/** At most two repetitions without bound, none of them of a group, and nothing that means another thing in RE2. */
function isHarmless(pattern: string): boolean {
  if (/\(\?|\\[1-9kzAQCpPbB]|\[\[:/.test(pattern)) return false;
  const outsideClasses = pattern.replace(/\\./g, 'x').replace(/\[\]?[^\]]*\]/g, 'x');
  return !/\)[*+{]/.test(outsideClasses) && (outsideClasses.match(/[*+{]/g)?.length ?? 0) <= 2;
}
