import { pathNotFound } from '../api-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { handleGet } from '../requests/get.ts';
import { handlePatch } from '../requests/patch.ts';
import { handleUpdate } from '../requests/update.ts';
import { handleProxy } from './address-proxy.ts';
import { handleBinding } from './binding.ts';
import { handleEviction } from './eviction.ts';
import { handleFinalize } from './finalize.ts';
import { handleLog } from './node-proxy.ts';
import { handleScale } from './scale.ts';
import { handleToken } from './token.ts';

export type SubresourceHandler = (request: ApiRequest, verb: string) => Promise<void>;

/** Subresources that read and write the object itself: the strategy says which part. */
const ofObject: SubresourceHandler = (request, verb) => {
  switch (verb) {
    case 'get': return handleGet(request);
    case 'update': return handleUpdate(request);
    default: return handlePatch(request);
  }
};

const handlers: Readonly<Record<string, SubresourceHandler>> = {
  status: ofObject, approval: ofObject, ephemeralcontainers: ofObject, resize: ofObject,
  scale: handleScale, binding: handleBinding, eviction: handleEviction, token: handleToken, finalize: handleFinalize, log: handleLog, proxy: handleProxy,
};

/** @throws {StatusError} 404 where nothing serves it */
export function subresourceHandler(name: string): SubresourceHandler {
  const handler = handlers[name];
  if (handler === undefined) throw pathNotFound();
  return handler;
}
