import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorSubject } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { ServedResource } from '../resources/served-resource.ts';

/** One request to a resource, authenticated and routed. */
export interface ApiRequest {
  readonly api: ApiContext;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: RequestUser;
  readonly resource: ServedResource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly rest: string | undefined;
  /** Texts for Warning headers, filled while the request is handled. */
  readonly warnings: string[];
}

export function subjectOf(request: ApiRequest, name = request.name): ErrorSubject {
  return { group: request.resource.group, plural: request.resource.plural, ...(name !== undefined && { name }) };
}

export function isDryRun(request: ApiRequest): boolean {
  return request.query.has('dryRun');
}

/** The manager named in managedFields: the query's, else the user agent's first part. */
export function fieldManagerOf(request: ApiRequest): string {
  const given = request.query.get('fieldManager');
  if (given !== null && given !== '') return given;
  return (request.req.headers['user-agent'] ?? 'unknown').split('/')[0]?.slice(0, 128) ?? 'unknown';
}
