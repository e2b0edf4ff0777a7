import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Pod, Service } from '../../../kubernetes/types.generated.ts';
import { badRequest, notFound, pathNotFound, unavailable } from '../api-error.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { passedHeaders, passOn } from '../http/pass-on.ts';
import { NoEndpointError, serviceEndpoint } from '../webhooks/service-endpoint.ts';
import { admitSubresource } from './admit-subresource.ts';

const kinds: Readonly<Record<string, string>> = { pods: 'PodProxyOptions', services: 'ServiceProxyOptions' };

/** What `[SCHEME:]NAME[:PORT]` in the path names. */
interface Reference {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** Number or name; absent: the first. */
  readonly port?: string;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Passes an HTTP request on to a pod or to a ready endpoint of a Service, and the answer back, both as they come, and none of the client's credentials.
 *  @throws {StatusError} 404 for what is not there, 503 for what cannot be reached */
export async function handleProxy(request: ApiRequest): Promise<void> {
  const { api, req, res, resource } = request;
  const kind = kinds[resource.plural];
  if (kind === undefined) throw pathNotFound();
  const reference = referenceOf(request.name ?? '');
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const query = mark < 0 ? '' : url.slice(mark);
  // /api/v1/namespaces/NAMESPACE/RESOURCE/NAME/proxy[/…]
  const below = (mark < 0 ? url : url.slice(0, mark)).split('/').slice(8);
  await admitSubresource({ ...request, name: reference.name }, 'CONNECT', { apiVersion: 'v1', kind, metadata: {}, ...(below.length > 0 && { path: `/${below.join('/')}` }) });
  const address = resource.plural === 'pods' ? podAddress(request, reference) : serviceAddress(request, reference);
  if (below.length === 0) {
    // Links of the page that comes are relative to the folder.
    res.writeHead(301, { location: `${request.path}/${query}` }).end();
    return;
  }
  const options: RequestOptions = { ...address, method: req.method ?? 'GET', path: `/${below.join('/')}${query}`, headers: { ...passedHeaders(req.headers), host: `${address.host}:${address.port}` } };
  // A pod's certificate is for names of its own.
  await passOn(api, req, res, (answered) => (reference.scheme === 'https' ? httpsRequest({ ...options, rejectUnauthorized: false }, answered) : httpRequest(options, answered)),
    (error) => unavailable(`${resource.kind} ${request.namespace}/${reference.name} cannot be reached at port ${address.port}: ${error.message}`));
}

/** @throws {StatusError} 400 */
function referenceOf(text: string): Reference {
  const words = text.split(':');
  const [scheme, name, port] = words.length === 3 ? words : ['http', ...words];
  if (words.length > 3 || name === undefined || name === '' || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) throw badRequest(`${JSON.stringify(text)} is not of the form [SCHEME:]NAME[:PORT] with http or https`);
  return { scheme: scheme === 'https' ? 'https' : 'http', name, ...(port !== undefined && port !== '' && { port }) };
}

function podAddress(request: ApiRequest, { name, port }: Reference): Address {
  const pod = request.api.lookups.get('', 'Pod', request.namespace, name) as Pod | undefined;
  if (pod === undefined) throw notFound({ ...subjectOf(request), name });
  const ports = (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  const number = port === undefined ? (ports[0]?.containerPort ?? 80) : /^\d+$/.test(port) ? Number(port) : ports.find((p) => p.name === port)?.containerPort;
  if (number === undefined || number < 1 || number > 65_535) throw badRequest(`pod ${request.namespace}/${name} has no port ${JSON.stringify(port)}`);
  const host = pod.status?.podIP;
  if (host === undefined) throw unavailable(`pod ${request.namespace}/${name} has no address yet`);
  return checked(request, { host, port: number });
}

function serviceAddress(request: ApiRequest, { name, port }: Reference): Address {
  const service = request.api.lookups.get('', 'Service', request.namespace, name) as Service | undefined;
  if (service === undefined) throw notFound({ ...subjectOf(request), name });
  const found = service.spec?.ports?.find((p) => port === undefined || p.name === port || String(p.port) === port);
  if (found === undefined || service.spec?.type === 'ExternalName') throw unavailable(`service ${request.namespace}/${name} has no port ${port ?? ''} with endpoints`);
  try {
    const { host, port: at } = serviceEndpoint({ namespace: request.namespace ?? '', name, port: found.port }, request.api.lookups, request.api.random);
    return checked(request, { host, port: at });
  } catch (error) {
    throw error instanceof NoEndpointError ? unavailable(error.message) : error;
  }
}

/** An address that somebody wrote into a status or an EndpointSlice leads to nobody but pods. */
function checked({ api }: ApiRequest, address: Address): Address {
  const own = /^(?:127\.|::1$)/.test(address.host) && !api.loopbackAddresses;
  if (own || /^(?:169\.254\.|fe80:|0\.|::$)/i.test(address.host)) throw badRequest(`the address ${address.host} is not one that requests are passed on to`);
  return address;
}
