import { stringify } from 'yaml';

const OPTIONS = { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false } as const;

/** Strings that YAML takes for something else. */
const RESERVED = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE', 'null', 'Null', 'NULL']);
/** Begins with a letter; a colon only before something that is no space, a space only before a word. */
const PLAIN = /^[A-Za-z](?:[\w./@()]|-(?=.)|:(?=[^\s])| (?=[\w(]))*$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/**
 * YAML of a plain value, with its keys sorted, so that a commit shows what changed and nothing else. A release writes some dozen files, and most
 * of what it costs a controller would be the library's work for every possible YAML: maps, lists and common strings are written here, byte by
 * byte as the library does, and what is rarer by the library.
 */
export function yamlText(value: unknown): string {
  const lines: string[] = [];
  return isCollection(value) && block(value, '', '', lines) ? `${lines.join('\n')}\n` : stringify(value, OPTIONS);
}

const isCollection = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isEmpty = (value: object): boolean => (Array.isArray(value) ? value.length === 0 : Object.values(value).every((v) => v === undefined));

/** @param first what stands before the first line, instead of the indentation; @returns false where the library is to write all */
function block(value: object, first: string, indent: string, lines: string[]): boolean {
  if (isEmpty(value)) {
    lines.push(`${first}${Array.isArray(value) ? '[]' : '{}'}`);
    return true;
  }
  let before = first;
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) {
      if (!entry(`${before}-`, item, `${before}- `, `${indent}  `, lines)) return false;
      before = indent;
    }
    return true;
  }
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    const name = scalar(key);
    if (name === undefined || !entry(`${before}${name}:`, item, undefined, `${indent}  `, lines)) return false;
    before = indent;
  }
  return true;
}

/** @param head with its colon or dash; @param beside where a collection begins on the same line, what stands before it */
function entry(head: string, item: unknown, beside: string | undefined, indent: string, lines: string[]): boolean {
  if (isCollection(item)) {
    if (Object.getPrototypeOf(item) !== Object.prototype && !Array.isArray(item)) return false;
    if (isEmpty(item)) return block(item, `${head} `, indent, lines);
    if (beside !== undefined) return block(item, beside, indent, lines);
    lines.push(head);
    return block(item, indent, indent, lines);
  }
  const text = scalar(item);
  if (text === undefined) return false;
  lines.push(`${head} ${text}`);
  return true;
}

/** Undefined: it takes several lines, or is nothing that JSON knows. */
function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if ((PLAIN.test(value) && !RESERVED.has(value)) || TIMESTAMP.test(value)) return value;
    return value.includes('\n') ? undefined : stringify(value, OPTIONS).slice(0, -1);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined;
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
