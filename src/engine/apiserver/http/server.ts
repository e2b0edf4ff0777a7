import type { IncomingMessage, ServerResponse } from 'node:http';
import { forbidden, internalError, pathNotFound, statusOf, unauthorized } from '../api-error.ts';
import type { Auditor } from '../audit/audit.ts';
import type { AccessAttributes } from '../auth/authorizer.ts';
import { anonymous, type Authenticator } from '../auth/authenticator.ts';
import { effectiveUser } from '../auth/impersonation.ts';
import { handleReview, reviewKinds } from '../auth/reviews.ts';
import type { ApiContext } from '../context.ts';
import { deprecationOf } from '../kinds/deprecation.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { Duplex } from 'node:stream';
import { admitConnection } from '../subresources/admit-connection.ts';
import { nodeServed, tunnel } from '../subresources/node-proxy.ts';
import type { RequestMetrics } from './metrics.ts';
import { isDryRun, type ApiRequest } from './api-request.ts';
import { loadEncodings } from './encodings.ts';
import { replyError, warningHeader } from './reply.ts';
import type { APIService } from '../../../kubernetes/types.generated.ts';
import type { AggregatedApis } from '../aggregation/aggregated-apis.ts';
import type { FrontProxy } from '../aggregation/front-proxy.ts';
import { forward } from '../aggregation/proxy.ts';
import { parseRequestPath, type RequestPath } from './request-path.ts';
import { route, verbOf } from './route.ts';
import { StatusError } from '../../../client/status-error.ts';

/** Serves paths that name no resource: health, version, discovery, OpenAPI, metrics. False: the path is not one of those. */
export type PathHandler = (req: IncomingMessage, res: ServerResponse, path: string) => boolean | Promise<boolean>;

export interface ServerParts {
  readonly api: ApiContext;
  readonly authenticator: Authenticator;
  /** Whether requests without credentials may ask for a path; who they are then, roles decide. */
  readonly admitsAnonymous: (path: string) => boolean;
  readonly openPaths: PathHandler;
  readonly paths: PathHandler;
  readonly requests: RequestMetrics;
  readonly aggregation: { readonly apis: AggregatedApis; readonly proxy: FrontProxy };
  /** Absent: nothing is audited. */
  readonly audit?: Auditor;
}

/** The request flow: authenticate, find the resource, authorize, hand over; any failure becomes one Status. */
export function requestListener(parts: ServerParts): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    serve(parts, req, res).catch((error: unknown) => {
      if (!(error instanceof StatusError)) parts.api.log.error({ err: error, method: req.method, path: req.url }, 'A request failed');
      replyError(req, res, error);
    });
  };
}

async function serve(parts: ServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { api } = parts;
  const loading = loadEncodings(req.headers.accept);
  if (loading !== undefined) await loading;
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (await parts.openPaths(req, res, path)) return;
  const sender = parts.authenticator.known(req) ?? (await parts.authenticator.identify(req));
  if (sender === undefined || (sender === anonymous && !parts.admitsAnonymous(path))) throw unauthorized();
  const user = effectiveUser(req, sender, api.authorizer);
  const target = parseRequestPath(path);
  const elsewhere = parts.aggregation.apis.find(path);
  if (elsewhere !== undefined) return serveElsewhere(parts, elsewhere, target, { req, res, path, user, sender });
  const resource = target === undefined ? undefined : api.registry.find(target.group, target.version, target.plural);
  if (target === undefined || resource === undefined) {
    const method = req.method ?? 'GET';
    const verb = (target === undefined ? undefined : verbOf(method, target.name !== undefined, target.watch)) ?? method.toLowerCase();
    parts.audit?.begin(req, res, user, sender, { verb, path, ...(target && { resource: target }) });
    // Who may use a resource hears that there is none (yet), and not that a path is forbidden.
    authorize(api, user, target === undefined ? { kind: 'path', verb, path } : accessTo(target, verb));
    if (await parts.paths(req, res, path)) return;
    throw pathNotFound();
  }
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const watch = target.watch || query.get('watch') === 'true' || query.get('watch') === '1';
  const verb = verbOf(req.method ?? 'GET', target.name !== undefined, watch);
  if (verb === undefined || (!resource.namespaced && target.namespace !== undefined)) throw pathNotFound();
  parts.audit?.begin(req, res, user, sender, { verb, path, resource: target });
  authorize(api, user, accessTo(target, verb, query.get('fieldSelector') ?? undefined));
  const deprecation = deprecationOf(target.group, target.version, resource.kind);
  const request: ApiRequest = {
    api, req, res, method: req.method ?? 'GET', path, query, user, resource,
    namespace: target.namespace, name: target.name, subresource: target.subresource, rest: target.rest, warnings: deprecation === undefined ? [] : [deprecation],
  };
  const ended = parts.requests.begin({
    verb, group: target.group, version: target.version, resource: target.plural, dryRun: isDryRun(request),
    scope: target.name !== undefined ? 'resource' : target.namespace !== undefined ? 'namespace' : 'cluster', ...(target.subresource !== undefined && { subresource: target.subresource }),
  });
  res.on('close', () => ended(res.statusCode));
  if (verb === 'create' && reviewKinds.has(resource.kind)) return handleReview(request, parts.authenticator);
  try {
    await route(request, verb);
  } catch (error) {
    // A refusal carries the warnings too.
    if (request.warnings.length > 0 && !res.headersSent) res.setHeader('warning', request.warnings.map(warningHeader));
    throw error;
  }
}

/** Another server answers for the path; who may ask is decided here all the same. */
async function serveElsewhere(parts: ServerParts, service: APIService, target: RequestPath | undefined, { req, res, path, user, sender }: { req: IncomingMessage; res: ServerResponse; path: string; user: RequestUser; sender: RequestUser }): Promise<void> {
  const method = req.method ?? 'GET';
  const watch = target?.watch === true || /[?&]watch=(?:true|1)(?:&|$)/.test(req.url ?? '');
  const verb = target === undefined ? method.toLowerCase() : verbOf(method, target.name !== undefined, watch);
  if (verb === undefined) throw pathNotFound();
  parts.audit?.begin(req, res, user, sender, { verb, path, ...(target && { resource: target }) });
  authorize(parts.api, user, target === undefined ? { kind: 'path', verb, path } : accessTo(target, verb));
  await forward(parts.api, parts.aggregation.proxy, service, req, res, user);
}

/** Serves WebSockets of exec, attach and port-forward. */
export function upgradeListener(parts: ServerParts): (req: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (req, socket, head) => {
    socket.on('error', () => socket.destroy());
    upgrade(parts, req, socket, head).catch((error: unknown) => {
      const failure = error instanceof StatusError ? error : internalError(error);
      const body = JSON.stringify(statusOf(failure));
      socket.end(`HTTP/1.1 ${failure.code} ${failure.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
    });
  };
}

async function upgrade(parts: ServerParts, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { api } = parts;
  const url = new URL(req.url ?? '/', 'https://localhost');
  const sender = await parts.authenticator.identify(req);
  if (sender === undefined || sender === anonymous) throw unauthorized();
  const user = effectiveUser(req, sender, api.authorizer);
  const target = parseRequestPath(url.pathname);
  const resource = target === undefined ? undefined : api.registry.find(target.group, target.version, target.plural);
  if (target?.subresource === undefined || resource?.storage !== '/pods' || nodeServed[target.subresource] === undefined || target.subresource === 'log') throw pathNotFound();
  authorize(api, user, { kind: 'resource', verb: 'create', group: '', resource: 'pods', subresource: target.subresource, ...(target.namespace !== undefined && { namespace: target.namespace }), ...(target.name !== undefined && { name: target.name }) });
  // The tunnel never touches a response: the node's own answer goes through.
  const request = { api, req, res: undefined as never, method: 'GET', path: url.pathname, query: url.searchParams, user, resource, namespace: target.namespace, name: target.name, subresource: target.subresource, rest: undefined, warnings: [] };
  await admitConnection(request);
  await tunnel(request, req, socket, head);
}

/** @throws {StatusError} 403 */
const accessTo = ({ group, version, plural, subresource, namespace, name }: RequestPath, verb: string, fieldSelector?: string): AccessAttributes => ({
  kind: 'resource', verb, group, version, resource: plural,
  ...(subresource !== undefined && { subresource }), ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }), ...(fieldSelector !== undefined && { fieldSelector }),
});

function authorize(api: ApiContext, user: RequestUser, attributes: AccessAttributes): void {
  const decision = api.authorizer.decide(user, attributes);
  if (decision.allowed) return;
  const why = decision.reason === '' ? '' : `: ${decision.reason}`;
  if (attributes.kind === 'path') throw new StatusError({ code: 403, reason: 'Forbidden', message: `forbidden: User "${user.username}" cannot ${attributes.verb} path "${attributes.path}"${why}`, details: {} });
  const { group, resource, subresource, namespace, name, verb } = attributes;
  const plural = subresource === undefined ? resource : `${resource}/${subresource}`;
  throw forbidden({ group, plural: resource, ...(name !== undefined && { name }) }, `User "${user.username}" cannot ${verb} resource "${plural}" in API group "${group}" ${namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`}${why}`);
}
