import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { APIResource, APIResourceList, APIService } from '../../../kubernetes/types.generated.ts';
import type { ApiContext } from '../context.ts';
import { NoEndpointError } from '../webhooks/service-endpoint.ts';
import type { FrontProxy } from './front-proxy.ts';
import { optionsFor } from './proxy.ts';

const checkMs = 5000;
const answerLimitBytes = 3 * 1024 * 1024;
const aggregator = { username: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] };

export interface Availability {
  readonly available: boolean;
  /** Of the condition Available. */
  readonly reason: string;
  readonly message: string;
  /** What the server serves; absent where it is not available. */
  readonly resources?: readonly APIResource[];
}

/** Asks the server of an APIService for the resources of its group and version. */
export async function checkAvailability(api: ApiContext, proxy: FrontProxy, service: APIService): Promise<Availability> {
  const { group = '', version = '' } = service.spec ?? {};
  try {
    const options = await optionsFor(api, proxy, service, aggregator);
    const list = JSON.parse(await fetched(api, { ...options, path: `/apis/${group}/${version}`, headers: { ...(options.headers as object), accept: 'application/json' } })) as APIResourceList;
    return { available: true, reason: 'Passed', message: 'all checks passed', resources: list.resources ?? [] };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof NoEndpointError) return { available: false, reason: message.includes('is not there') ? 'ServiceNotFound' : 'MissingEndpoints', message };
    return { available: false, reason: 'FailedDiscoveryCheck', message: `asking it for /apis/${group}/${version} failed: ${message}` };
  }
}

function fetched(api: ApiContext, options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        if (body.length > answerLimitBytes) call.destroy(new Error('the answer is too large'));
      });
      answer.on('error', reject).on('end', () => (answer.statusCode === 200 ? resolve(body) : reject(new Error(`it answered ${answer.statusCode}`))));
    });
    const cancel = api.clock.after(checkMs, () => call.destroy(new Error(`no answer within ${checkMs} ms`)));
    const close = (): void => void call.destroy(new Error('the API server closes'));
    api.closing.addEventListener('abort', close, { once: true });
    call.on('close', () => { cancel(); api.closing.removeEventListener('abort', close); });
    call.on('error', reject).end();
  });
}
