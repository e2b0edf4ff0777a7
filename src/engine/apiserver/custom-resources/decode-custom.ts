import { badRequest } from '../api-error.ts';
import type { Decoded, FieldValidation } from '../decode/decode.ts';
import type { KindObject } from '../kinds/strategy.ts';
import type { ServedResource } from '../resources/served-resource.ts';
import { prune } from './prune.ts';

/** Reads a JSON value as a custom resource: unknown fields go, as its schema says. The value is changed in place.
 *  @param duplicates what is said of keys that the text had more than once
 *  @throws {StatusError} 400 when it is no object, or under `Strict` when a field is unknown or doubled */
export function decodeCustom(value: unknown, resource: ServedResource, fieldValidation: FieldValidation, duplicates: readonly string[] = []): Decoded {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest(`The body of a ${resource.kind} must be an object`);
  const object = value as KindObject;
  if (object.metadata !== undefined && (typeof object.metadata !== 'object' || object.metadata === null || Array.isArray(object.metadata))) throw badRequest('metadata must be an object');
  object.metadata ??= {};
  const schema = resource.schema();
  const unknown = schema === undefined ? [] : prune(object, schema);
  if (unknown.length + duplicates.length === 0 || fieldValidation === 'Ignore') return { object, warnings: [] };
  const texts = [...unknown.map((path) => `unknown field "${path}"`), ...duplicates];
  if (fieldValidation === 'Strict') throw badRequest(`strict decoding error: ${texts.join(', ')}`);
  return { object, warnings: texts };
}
