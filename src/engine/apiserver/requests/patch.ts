import { StatusError } from '../../../client/status-error.ts';
import { badRequest, invalid, unsupportedMediaType } from '../api-error.ts';
import { collectionOf, storeKey } from '../context.ts';
import { mediaTypeOf, readBody } from '../http/body.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { isReset, managedFieldsOf, withManagedFields, withoutManagedFields } from '../apply/managed-fields.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { copyOf, type JsonObject } from '../patch/json.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { PatchError } from '../patch/patch-error.ts';
import { strategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { shown } from '../resources/served-resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import { applyObject } from './apply.ts';
import { decodePatched, parseJson } from './decode-request.ts';
import { untilUnmoved } from './unmoved.ts';
import { headOf, updateObject } from './update.ts';
import { checkWriteOptions } from './write-options.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export async function handlePatch(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  checkWriteOptions(request, 'PatchOptions');
  const type = patchTypeOf(request);
  const body = await readBody(request.req);
  if (type === 'apply') {
    const exists = request.api.store.head(collectionOf(request.api, request.resource), storeKey(request.namespace, request.name ?? '')) !== undefined;
    return replyObject(request, exists ? 200 : 201, await untilUnmoved(request, () => applyObject(request, body)), form);
  }
  replyObject(request, 200, await untilUnmoved(request, () => patchObject(request, parseJson(body), type)), form);
}

/** @throws {StatusError} 415 */
export function patchTypeOf(request: ApiRequest): PatchType {
  const mediaType = mediaTypeOf(request.req);
  switch (mediaType) {
    case 'application/json-patch+json': return 'json';
    case 'application/merge-patch+json': return 'merge';
    case 'application/strategic-merge-patch+json':
      if (request.resource.custom !== undefined) throw unsupportedMediaType(mediaType);
      return 'strategic';
    case 'application/apply-patch+yaml': case 'application/apply-patch+json': return 'apply';
    default: throw unsupportedMediaType(mediaType);
  }
}

async function patchObject(request: ApiRequest, patch: unknown, type: 'json' | 'merge' | 'strategic'): Promise<StoredRecord> {
  if (request.query.has('force')) throw invalid('meta.k8s.io', 'PatchOptions', '', [{ type: 'Forbidden', field: 'force', detail: 'Only an apply can be forced' }]);
  const head = headOf(request);
  const object = decodeResult(request, patched(request, copyForPatch(shown(request.resource, head) as unknown as JsonObject), patch, type));
  if (object.metadata.name !== request.name) throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${request.name})`);
  return updateObject(request, object, head);
}

/** Patches and decoding work on a copy. managedFields are a third of an object and nothing changes them in place: they are shared, which also tells tracking that they are as they were. */
function copyForPatch(object: JsonObject): JsonObject {
  return withManagedFields(copyOf(withoutManagedFields(object)), managedFieldsOf(object));
}

/** A patch that makes values of the wrong type is the patch's fault, not the object's. */
function decodeResult(request: ApiRequest, value: JsonObject): KindObject {
  // An empty list asks to forget all owners; decoding drops empty lists.
  const forgetsOwners = isReset(managedFieldsOf(value));
  try {
    const object = decodePatched(request, value);
    if (forgetsOwners) object.metadata.managedFields = [{}];
    return object;
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error;
    throw invalid(request.resource.group, request.resource.kind, request.name ?? '', [{ type: 'Invalid', field: 'patch', detail: error.message }]);
  }
}

/** @throws {StatusError} 400, 413, 422 as the patch's fault is */
export function patched(request: ApiRequest, object: JsonObject, patch: unknown, type: 'json' | 'merge' | 'strategic'): JsonObject {
  try {
    switch (type) {
      case 'json': return jsonPatch(object, patch);
      case 'merge': return mergePatch(object, patch);
      case 'strategic': return strategicMergePatch(object, patch, request.resource.schema());
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new StatusError({ code: error.code, reason: error.reason, message: error.message }, { cause: error });
  }
}
