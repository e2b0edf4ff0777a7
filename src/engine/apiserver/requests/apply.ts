import { badRequest } from '../api-error.ts';
import { collectionOf, storeKey } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { JsonObject } from '../patch/json.ts';
import type { StoredRecord } from '../../store/record.ts';
import { shown } from '../resources/served-resource.ts';
import { createObject } from './create.ts';
import { decodePatched, parseYaml } from './decode-request.ts';
import { patched } from './patch.ts';
import { updateObject } from './update.ts';

/** Server-side apply: creates the object, or merges what the manager wants into it. */
export async function applyObject(request: ApiRequest, body: Buffer): Promise<StoredRecord> {
  if (!request.query.get('fieldManager')) throw badRequest('PatchOptions.meta.k8s.io is invalid: fieldManager: is required for apply patch');
  const wanted = await parseYaml(body);
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted)) throw badRequest('The body of an apply must be one object');
  const head = request.api.store.head(collectionOf(request.api, request.resource), storeKey(request.namespace, request.name ?? ''));
  if (head === undefined) return createObject(request, decodePatched(request, { ...wanted, metadata: { ...(wanted as { metadata?: object }).metadata, name: request.name } }));
  const merged = patched(request, structuredClone(shown(request.resource, head)) as JsonObject, wanted, request.resource.custom === undefined ? 'strategic' : 'merge');
  return updateObject(request, decodePatched(request, merged), head);
}
