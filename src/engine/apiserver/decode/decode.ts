import { parseDocument } from 'yaml';
import { StatusError } from '../../../client/status-error.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { countKeys, duplicateKeys } from './duplicate-keys.ts';
import { hasShape, readerOf, shapeName, walkWith, WrongType } from './reader.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded {
  readonly object: KindObject;
  /** Texts for Warning headers: unknown and doubled fields under `Warn`. */
  readonly warnings: string[];
}

export interface BuiltInKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Reads a JSON or YAML body as one built-in kind, with the types, unknown fields and doubled keys checked.
 *  The result has Kubernetes's own form: empty optional values are left out, required ones are there, quantities are canonical.
 *  @throws {StatusError} 400 `BadRequest` when the text, a type, or (under `Strict`) a field name is wrong */
export function decode(body: string, kind: BuiltInKind, fieldValidation: FieldValidation, mediaType: 'json' | 'yaml' = 'json'): Decoded {
  if (mediaType === 'yaml') {
    const { value, duplicates } = parseYaml(body);
    return finish(value, kind, fieldValidation, () => duplicates);
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw badRequest(`The body is not JSON: ${(cause as Error).message}`, cause);
  }
  return finish(value, kind, fieldValidation, (keys) => (countKeys(body) === keys ? [] : duplicateFields(body)));
}

/** The same for a value already parsed (the result of a patch, a protobuf message). The value is changed in place:
 *  hand over a copy that nothing else holds. */
export function decodeValue(value: unknown, kind: BuiltInKind, fieldValidation: FieldValidation = 'Ignore'): Decoded {
  return finish(value, kind, fieldValidation, () => []);
}

/** What is said of each key that a JSON text names more than once. */
export const duplicateFields = (text: string): string[] => duplicateKeys(text).map((path) => `duplicate field "${path}"`);

/** @param duplicatesOf says what is doubled, given how many keys the value has */
function finish(value: unknown, kind: BuiltInKind, fieldValidation: FieldValidation, duplicatesOf: (keys: number) => string[]): Decoded {
  const name = shapeName(kind.group, kind.version, kind.kind);
  if (!hasShape(name)) throw new Error(`${kind.kind} of ${kind.group}/${kind.version} is no built-in kind`);
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  try {
    // As everywhere, null says nothing.
    const walked = walkWith(readerOf(`#${name}`), value ?? {});
    const object = walked.value as KindObject;
    requireKind(object, apiVersion, kind.kind);
    if (fieldValidation === 'Ignore') return { object, warnings: [] };
    const problems = [...walked.unknown.map((path) => `unknown field "${path}"`), ...duplicatesOf(walked.keys)];
    if (problems.length > 0 && fieldValidation === 'Strict') throw badRequest(`strict decoding error: ${problems.join(', ')}`);
    return { object, warnings: problems };
  } catch (error) {
    if (error instanceof WrongType) throw badRequest(`${kind.kind} cannot be read: ${error.message}`, error);
    throw error;
  }
}

function requireKind(object: KindObject, apiVersion: string, kind: string): void {
  object.apiVersion ??= apiVersion;
  object.kind ??= kind;
  if (object.apiVersion !== apiVersion || object.kind !== kind) {
    throw badRequest(`The path is for ${apiVersion} ${kind}, the body is ${object.apiVersion} ${object.kind}`);
  }
}

/** Reads YAML; of a key that comes more than once the last one counts, and `duplicates` says so of each in the words that clients look for.
 *  @throws {StatusError} 400 */
export function parseYaml(body: string): { value: unknown; duplicates: string[] } {
  const document = parseDocument(body, { uniqueKeys: true, merge: true, logLevel: 'error' });
  const duplicates: string[] = [];
  for (const error of document.errors) {
    if (error.code === 'DUPLICATE_KEY') duplicates.push(`line ${error.linePos?.[0].line ?? '?'}: key ${JSON.stringify(keyAt(body, error.pos[0]))} already set in map`);
    else throw badRequest(`The body is not YAML: ${error.message}`, error);
  }
  return { value: yamlValue(() => document.toJS({ maxAliasCount: 100 }) as unknown), duplicates };
}

const keyAt = (text: string, start: number): string => /^(?:"([^"]*)"|'([^']*)'|([^:\n]*))/.exec(text.slice(start))?.slice(1).find((key) => key !== undefined)?.trim() ?? '';

/** What YAML stands for, if JSON can say it: an alias inside what it names cannot be written out, and too many are an attack.
 *  @throws {StatusError} 400 */
function yamlValue(read: () => unknown): unknown {
  try {
    const value = read();
    JSON.stringify(value);
    return value;
  } catch (cause) {
    throw badRequest(`The body is not YAML that JSON can say: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
}

function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message }, { cause });
}
