import { dnsSubdomain } from './dns-name.ts';
import type { Findings } from './field-error.ts';

const GOOD: readonly string[] = [];
const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const NAME_MESSAGE = "must be letters, digits, '-', '_' and '.', with a letter or digit first and last";
const CACHE_LIMIT = 16_384;
const goodKeys = new Set<string>();
const goodValues = new Set<string>();

function remember(set: Set<string>, text: string): void {
  if (set.size >= CACHE_LIMIT) set.clear();
  set.add(text);
}

/** A label key, annotation key, finalizer or resource name: `[prefix/]name`. */
export function qualifiedName(key: string): readonly string[] {
  if (goodKeys.has(key)) return GOOD;
  const messages: string[] = [];
  const parts = key.split('/');
  if (parts.length > 2) return ["must be a name, or a DNS name, '/' and a name"];
  const [prefix, name] = parts.length === 2 ? [parts[0] as string, parts[1] as string] : [undefined, parts[0] as string];
  if (prefix !== undefined) {
    if (prefix === '') messages.push('the part before / must not be empty');
    else messages.push(...dnsSubdomain(prefix));
  }
  if (name === '') messages.push('the name must not be empty');
  else if (name.length > 63) messages.push(`the name must be at most 63 characters, not ${name.length}`);
  if (!NAME.test(name)) messages.push(NAME_MESSAGE);
  if (messages.length === 0) remember(goodKeys, key);
  return messages;
}

export function labelValue(value: string): readonly string[] {
  if (value === '' || goodValues.has(value)) return GOOD;
  const messages: string[] = [];
  if (value.length > 63) messages.push(`must be at most 63 characters, not ${value.length}`);
  if (!NAME.test(value)) messages.push(NAME_MESSAGE);
  if (messages.length === 0) remember(goodValues, value);
  return messages;
}

export function validateLabels(labels: Record<string, string> | undefined, path: string, found: Findings): void {
  for (const key in labels) {
    found.eachInvalid(path, key, qualifiedName(key));
    found.eachInvalid(path, labels[key], labelValue(labels[key] as string));
  }
}

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string, found: Findings): void {
  let size = 0;
  for (const key in annotations) {
    found.eachInvalid(path, key, qualifiedName(key.toLowerCase()));
    size += key.length + (annotations[key] as string).length;
  }
  if (size > MAX_ANNOTATIONS_BYTES) found.tooLong(path, `keys and values together must be at most ${MAX_ANNOTATIONS_BYTES} bytes`);
}
