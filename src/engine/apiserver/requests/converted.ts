import { collectionOf, storeKey } from '../context.ts';
import { UnconvertedError } from '../custom-resources/webhook-conversion.ts';
import type { ApiRequest } from '../http/api-request.ts';

const attempts = 1000;

/** Converts what a request will read, where a webhook does it: before, as what follows does not wait. */
export async function prepareConversion(request: ApiRequest): Promise<void> {
  const { api, resource, namespace, name } = request;
  const collection = collectionOf(api, resource);
  const records = name === undefined ? [...collection.records(namespace === undefined ? '' : `${namespace}/`)] : [api.store.head(collection, storeKey(namespace, name)), collection.get(storeKey(namespace, name))];
  await resource.conversion?.prepare?.(records.flatMap((r) => (r === undefined ? [] : [r.object])));
}

/** Reads again when it met an object that came after {@link prepareConversion}, or one of an older revision. */
export async function untilConverted<T>(request: ApiRequest, read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UnconvertedError) || attempt === attempts || request.res.headersSent) throw error;
      await request.resource.conversion?.prepare?.([error.object]);
    }
  }
}
