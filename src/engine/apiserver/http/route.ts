import { methodNotAllowed, notFound, pathNotFound } from '../api-error.ts';
import { handleCreate } from '../requests/create.ts';
import { handleDelete, handleDeleteCollection } from '../requests/delete.ts';
import { handleGet } from '../requests/get.ts';
import { handleList } from '../requests/list.ts';
import { handlePatch } from '../requests/patch.ts';
import { prepareConversion, untilConverted } from '../requests/converted.ts';
import { handleUpdate } from '../requests/update.ts';
import { handleWatch } from '../requests/watch.ts';
import { subresourceHandler } from '../subresources/handlers.ts';
import { subjectOf, type ApiRequest } from './api-request.ts';

/** The verb of authorization and of `verbs` lists. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export function verbOf(method: string, hasName: boolean, watch: boolean): Verb | undefined {
  switch (method) {
    case 'GET': case 'HEAD': return watch ? 'watch' : hasName ? 'get' : 'list';
    case 'POST': return 'create';
    case 'PUT': return 'update';
    case 'PATCH': return 'patch';
    case 'DELETE': return hasName ? 'delete' : 'deletecollection';
    default: return undefined;
  }
}

/** Hands a request to what serves its verb.
 *  @throws {StatusError} 404 for unknown subresources, 405 for verbs that the resource does not have */
export async function route(request: ApiRequest, verb: Verb): Promise<void> {
  const { resource, subresource, namespace } = request;
  if (subresource !== undefined) {
    const offered = resource.subresources.get(subresource);
    if (offered === undefined || request.name === undefined) throw request.name === undefined ? pathNotFound() : notFound(subjectOf(request));
    if (!offered.verbs.includes(verb)) throw methodNotAllowed(subjectOf(request), request.method);
    if (resource.conversion?.prepare !== undefined) await prepareConversion(request);
    return subresourceHandler(subresource)(request, verb);
  }
  if (!resource.verbs.includes(verb)) throw methodNotAllowed(subjectOf(request), request.method);
  if (resource.computed !== undefined) return resource.computed(request);
  const isOne = request.name !== undefined;
  if (resource.conversion?.prepare !== undefined) await prepareConversion(request);
  if (resource.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch') throw methodNotAllowed(subjectOf(request), request.method);
  if ((verb === 'update' || verb === 'patch') && !isOne) throw methodNotAllowed(subjectOf(request), request.method);
  switch (verb) {
    case 'get': return resource.conversion?.prepare === undefined ? handleGet(request) : untilConverted(request, () => handleGet(request));
    case 'list': return resource.conversion?.prepare === undefined ? handleList(request) : untilConverted(request, () => handleList(request));
    case 'watch': return handleWatch(request);
    case 'create': return handleCreate(request);
    case 'update': return handleUpdate(request);
    case 'patch': return handlePatch(request);
    case 'delete': return handleDelete(request);
    case 'deletecollection': return handleDeleteCollection(request);
  }
}
