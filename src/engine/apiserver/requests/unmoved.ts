import type { StoredRecord } from '../../store/record.ts';
import { StatusError } from '../../../client/status-error.ts';
import { modified } from '../api-error.ts';
import { collectionOf, storeKey } from '../context.ts';
import { untilConverted } from './converted.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';

const attempts = 5;

/** Somebody else wrote the object while webhooks were asked about it. A 409 to the client, where trying again does not help. */
class ObjectMovedError extends StatusError {}

/** @throws {StatusError} 409 where `head` is no longer the newest state */
export function requireUnmoved(request: ApiRequest, head: StoredRecord): void {
  if (request.api.store.head(collectionOf(request.api, request.resource), storeKey(request.namespace, request.name ?? '')) !== head) throw new ObjectMovedError(modified(subjectOf(request)));
}

/** Runs a write again on the newest state while others come in between, at most five times. What the write itself says of versions it checks each time. */
export async function untilUnmoved<T>(request: ApiRequest, write: () => Promise<T>): Promise<T> {
  const warnings = request.warnings.length;
  for (let attempt = 1; ; attempt++) {
    try {
      return await (request.resource.conversion?.prepare === undefined ? write() : untilConverted(request, write));
    } catch (error) {
      if (!(error instanceof ObjectMovedError) || attempt === attempts) throw error;
      request.warnings.length = warnings;
    }
  }
}
