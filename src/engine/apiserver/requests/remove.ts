import type { StoredRecord } from '../../store/record.ts';
import { collectionOf, storeKey } from '../context.ts';
import { isDryRun, type ApiRequest } from '../http/api-request.ts';
import { transient } from '../http/negotiate.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { releaseForService } from '../services/allocate.ts';

/** Takes an object out of the store. */
export async function removeObject(request: ApiRequest, object: KindObject): Promise<StoredRecord> {
  const { api, resource } = request;
  const stored = resource.conversion === undefined ? object : resource.conversion.toStored(object);
  if (isDryRun(request)) return transient(stored);
  const removed = await api.store.delete(collectionOf(api, resource), storeKey(request.namespace, object.metadata.name ?? ''), stored);
  if (resource.storage === '/services') releaseForService(api.addresses, object);
  return removed;
}
