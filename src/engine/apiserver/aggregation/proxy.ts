import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { APIService } from '../../../kubernetes/types.generated.ts';
import { unavailable } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import { passedHeaders, passOn } from '../http/pass-on.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import { serviceEndpoint } from '../webhooks/service-endpoint.ts';
import { identityHeaders, type FrontProxy } from './front-proxy.ts';

const agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });

/** How to ask the server of an APIService as a user.
 *  @throws {NoEndpointError} where none is ready */
export async function optionsFor(api: ApiContext, proxy: FrontProxy, { spec }: APIService, user: RequestUser): Promise<RequestOptions> {
  const { host, port, serverName } = serviceEndpoint(spec?.service ?? {}, api.lookups, api.random);
  const { certPem, keyPem } = await proxy.certificate();
  const ca = spec?.caBundle ? Buffer.from(spec.caBundle, 'base64').toString() : undefined;
  return { agent, host, port, servername: serverName, cert: certPem, key: keyPem, ...(ca !== undefined && { ca }), rejectUnauthorized: spec?.insecureSkipTLSVerify !== true, headers: { host: serverName, ...identityHeaders(user) } };
}

/** Passes a request on to the server of an APIService, and its answer back, both as they come.
 *  @throws {StatusError} 503 where it cannot be reached */
export async function forward(api: ApiContext, proxy: FrontProxy, service: APIService, req: IncomingMessage, res: ServerResponse, user: RequestUser): Promise<void> {
  let options: RequestOptions;
  try {
    options = await optionsFor(api, proxy, service, user);
  } catch (error) {
    throw unreachable(service, error as Error);
  }
  const headers = { ...passedHeaders(req.headers), ...(options.headers as OutgoingHttpHeaders) };
  await passOn(api, req, res, (answered) => httpsRequest({ ...options, method: req.method ?? 'GET', path: req.url ?? '/', headers }, answered), (error) => unreachable(service, error));
}

const unreachable = ({ metadata }: APIService, error: Error): Error => unavailable(`The server of APIService ${metadata?.name} cannot be reached: ${error.message}`);
