import type { StoredRecord } from '../../store/record.ts';
import { invalid } from '../api-error.ts';
import { collectionOf, storeKey } from '../context.ts';
import { isDryRun, type ApiRequest } from '../http/api-request.ts';
import { transient } from '../http/negotiate.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { allocateForService, releaseForService } from '../services/allocate.ts';
import type { FieldError } from '../validation/field-error.ts';

/** Writes an object in its served form. A dry run writes nothing and gives back what would have been. */
export async function commit(request: ApiRequest, object: KindObject): Promise<StoredRecord> {
  const { api, resource } = request;
  const stored = resource.conversion === undefined ? object : resource.conversion.toStored(object);
  if (isDryRun(request)) return transient(stored);
  return api.store.put(collectionOf(api, resource), storeKey(request.namespace, object.metadata.name ?? ''), stored);
}

/** Gives a Service what it needs; a dry run gives it back at once. */
export function allocate(request: ApiRequest, object: KindObject, old?: KindObject): void {
  if (request.resource.storage !== '/services') return;
  const { addresses } = request.api;
  allocateForService(object, addresses, isDryRun(request));
  if (!isDryRun(request)) releaseForService(addresses, object, object);
  else if (old === undefined) releaseForService(addresses, object);
  else releaseForService(addresses, object, old);
}

/** @throws {StatusError} 422 when there are errors */
export function refuseInvalid(request: ApiRequest, object: KindObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(request.resource.group, request.resource.kind, object.metadata.name ?? object.metadata.generateName ?? '', errors);
}
