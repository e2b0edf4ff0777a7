import { StatusError } from '../../../client/status-error.ts';
import { applyConfiguration } from '../apply/apply-configuration.ts';
import { conflictStatus } from '../apply/conflict.ts';
import { withoutManagedFields } from '../apply/managed-fields.ts';
import { badRequest, invalid, notFound } from '../api-error.ts';
import { collectionOf, storeKey } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { copyOf, type JsonObject } from '../patch/json.ts';
import { PatchError } from '../patch/patch-error.ts';
import { shown } from '../resources/served-resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import { createObject } from './create.ts';
import { decodePatched, parseYaml } from './decode-request.ts';
import { ownershipOf } from './ownership.ts';
import { updateObject } from './update.ts';
import { subjectOf } from '../http/api-request.ts';

/** Server-side apply: creates the object, or merges what the manager wants into it.
 *  @throws {StatusError} 409 with one cause a field when another manager owns it with another value and `force` is not set */
export async function applyObject(request: ApiRequest, body: Buffer): Promise<StoredRecord> {
  const manager = request.query.get('fieldManager');
  if (!manager) throw invalid('meta.k8s.io', 'PatchOptions', '', [{ type: 'Required', field: 'fieldManager', detail: 'An apply names its manager' }]);
  const applied = parseYaml(request, body);
  if (applied === null || typeof applied !== 'object' || Array.isArray(applied)) throw badRequest('The body of an apply must be one object');
  const head = request.api.store.head(collectionOf(request.api, request.resource), storeKey(request.namespace, request.name ?? ''));
  if (head === undefined && request.subresource !== undefined) throw notFound(subjectOf(request));
  const live = head === undefined ? undefined : (shown(request.resource, head) as unknown as JsonObject);
  const merged = merge(request, manager, applied as JsonObject, live);
  if (head !== undefined && merged === live) return head;
  const { managedFields } = merged['metadata'] as KindObject['metadata'];
  const object = decodePatched(request, copyOf(withoutManagedFields(merged)));
  const own = (o: KindObject): void => { if (managedFields !== undefined) o.metadata.managedFields = managedFields; };
  object.metadata.name ??= request.name;
  if (object.metadata.name !== request.name) throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${request.name})`);
  return head === undefined ? createObject(request, object, own) : updateObject(request, object, head, own);
}

function merge(request: ApiRequest, manager: string, applied: JsonObject, live: JsonObject | undefined): JsonObject {
  try {
    const force = request.query.get('force') === 'true' || request.query.get('force') === '1';
    const result = applyConfiguration({ ...ownershipOf(request), live, applied, manager, force });
    if ('object' in result) return result.object;
    const { message, causes } = conflictStatus(result.conflicts);
    throw new StatusError({ code: 409, reason: 'Conflict', message, details: { causes: [...causes] } });
  } catch (error) {
    if (error instanceof PatchError) throw new StatusError({ code: error.code, reason: error.reason, message: error.message }, { cause: error });
    throw error;
  }
}
