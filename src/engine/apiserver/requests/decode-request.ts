import { badRequest, unsupportedMediaType } from '../api-error.ts';
import { decode, decodeValue, duplicateFields, parseYaml as decodeYaml, type Decoded, type FieldValidation } from '../decode/decode.ts';
import { hasDuplicateKeys } from '../decode/duplicate-keys.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { mediaTypeOf, readBody } from '../http/body.ts';
import { mediaTypes } from '../http/encodings.ts';
import { decodeCustom } from '../custom-resources/decode-custom.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { groupVersionOf } from '../resources/served-resource.ts';

/** The kind that a body must have: the resource's, or a subresource's own (Scale, Binding, Eviction). */
export interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** @throws {StatusError} 400 for a value that is none of the three */
export function fieldValidationOf(request: ApiRequest): FieldValidation {
  const given = request.query.get('fieldValidation');
  if (given === null || given === '') return 'Warn';
  if (given === 'Strict' || given === 'Warn' || given === 'Ignore') return given;
  throw badRequest(`fieldValidation ${JSON.stringify(given)} is none of Ignore, Warn and Strict`);
}

/** Reads the body as an object of `kind`.
 *  @throws {StatusError} 400, 413, 415 */
export async function decodeRequest(request: ApiRequest, kind: BodyKind = request.resource): Promise<KindObject> {
  const body = await readBody(request.req);
  if (body.length === 0) throw badRequest(`A body with one ${kind.kind} is needed`);
  const decoded = await decodeBody(request, body, mediaTypeOf(request.req), kind);
  request.warnings.push(...decoded.warnings);
  checkKind(decoded.object, kind);
  return decoded.object;
}

/** Decodes a value that is already JSON: what a patch made. */
export function decodePatched(request: ApiRequest, value: unknown, kind: BodyKind = request.resource): KindObject {
  const decoded = kind === request.resource && request.resource.custom !== undefined
    ? decodeCustom(value, request.resource, fieldValidationOf(request)) : decodeValue(value, kind, fieldValidationOf(request));
  request.warnings.push(...decoded.warnings);
  checkKind(decoded.object, kind);
  return decoded.object;
}

async function decodeBody(request: ApiRequest, body: Buffer, mediaType: string, kind: BodyKind): Promise<Decoded> {
  const custom = kind === request.resource && request.resource.custom !== undefined;
  switch (mediaType) {
    case 'application/json': case '*/*':
      return custom ? decodeCustomJson(request, body) : decode(body.toString(), kind, fieldValidationOf(request));
    case 'application/yaml':
      return custom ? decodeCustomYaml(request, body) : decode(body.toString(), kind, fieldValidationOf(request), 'yaml');
    case mediaTypes.protobuf:
      return decodeValue(await parseProtobuf(body, kind), kind);
    default: throw unsupportedMediaType(mediaType);
  }
}

function decodeCustomJson(request: ApiRequest, body: Buffer): Decoded {
  const value = parseJson(body);
  const text = body.toString();
  return decodeCustom(value, request.resource, fieldValidationOf(request), hasDuplicateKeys(text, value) ? duplicateFields(text) : []);
}

function decodeCustomYaml(request: ApiRequest, body: Buffer): Decoded {
  const { value, duplicates } = yamlOf(body);
  return decodeCustom(value, request.resource, fieldValidationOf(request), duplicates);
}

async function loadProtobuf() {
  const [{ decodeBody: decodeProtobuf }, { ProtobufError }] = await Promise.all([import('../protobuf/decode.ts'), import('../protobuf/wire.ts')]);
  return { decodeProtobuf, ProtobufError };
}

let protobuf: ReturnType<typeof loadProtobuf> | undefined;

/** Reads a protobuf body as the JSON it stands for.
 *  @throws {StatusError} 400 */
export async function parseProtobuf(body: Buffer, kind: BodyKind): Promise<unknown> {
  // Loaded when the first such body comes, and kept: importing again costs more than decoding.
  protobuf ??= loadProtobuf();
  const { decodeProtobuf, ProtobufError } = await protobuf;
  try {
    return decodeProtobuf(body, { apiVersion: groupVersionOf(kind), kind: kind.kind });
  } catch (error) {
    throw error instanceof ProtobufError ? badRequest(error.message, error) : error;
  }
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw badRequest(`The body is not JSON: ${(cause as Error).message}`, cause);
  }
}

/** Reads a YAML body. Doubled keys are refused or warned of, as the request asks.
 *  @throws {StatusError} 400 */
export function parseYaml(request: ApiRequest, body: Buffer): unknown {
  const { value, duplicates } = yamlOf(body);
  const fieldValidation = fieldValidationOf(request);
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return value;
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${duplicates.join(', ')}`);
  request.warnings.push(...duplicates);
  return value;
}

function yamlOf(body: Buffer): { readonly value: unknown; readonly duplicates: readonly string[] } {
  const text = body.toString();
  const json = asJson(text);
  return json === undefined ? decodeYaml(text) : { value: json, duplicates: [] };
}

/** Every JSON text is YAML of the same value, and most clients send it: its parser is 20 times faster. Doubled keys are left to YAML's, which says where they are. */
function asJson(text: string): unknown {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return hasDuplicateKeys(text, value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function checkKind(object: KindObject, kind: BodyKind): void {
  object.apiVersion ??= groupVersionOf(kind);
  object.kind ??= kind.kind;
  if (object.apiVersion !== groupVersionOf(kind) || object.kind !== kind.kind) {
    throw badRequest(`the object provided is a ${object.apiVersion} ${object.kind}, and this path takes ${groupVersionOf(kind)} ${kind.kind}`);
  }
  if (typeof object.metadata !== 'object' || object.metadata === null) object.metadata = {};
}
