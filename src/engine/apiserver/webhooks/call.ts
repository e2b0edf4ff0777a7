import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { AdmissionregistrationV1WebhookClientConfig } from '../../../kubernetes/types.generated.ts';
import type { ApiContext } from '../context.ts';
import { serviceEndpoint } from './service-endpoint.ts';

const answerLimitBytes = 3 * 1024 * 1024;
/** Connections are kept: a handshake costs more than most webhooks. Idle ones keep no process alive. */
const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo' });

/** A webhook did not answer as one must: not reached, not in time, or not with what was asked. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
}

/** Sends a review to a webhook and gives back the JSON that it answers.
 *  @param query added to its URL: admission says there how long it waits. With its question mark
 *  @throws {WebhookError} */
export async function callWebhook(api: ApiContext, client: AdmissionregistrationV1WebhookClientConfig, review: unknown, timeoutSeconds: number, query = ''): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(review));
  const stop = new AbortController();
  // The words in brackets are those that clients of Kubernetes look for.
  const cancel = api.clock.after(timeoutSeconds * 1000, () => stop.abort(new WebhookError(`no answer within ${timeoutSeconds} s (context deadline exceeded)`)));
  const close = (): void => stop.abort(new WebhookError('the API server closes'));
  api.closing.addEventListener('abort', close);
  let asked = '';
  try {
    const options = optionsFor(api, client);
    // A webhook's URL has no query of its own.
    const path = `${options.path ?? '/'}${query}`;
    asked = `Post "https://${options.servername ?? options.host}:${options.port}${path}": `;
    return parsed(await post({ ...options, path }, body, stop.signal));
  } catch (error) {
    throw new WebhookError(asked + (stop.signal.aborted ? (stop.signal.reason as Error).message : (error as Error).message), { cause: error });
  } finally {
    cancel();
    api.closing.removeEventListener('abort', close);
  }
}

function optionsFor(api: ApiContext, { url, service, caBundle }: AdmissionregistrationV1WebhookClientConfig): RequestOptions {
  const ca = caBundle === undefined || caBundle === '' ? undefined : Buffer.from(caBundle, 'base64').toString();
  const trust: RequestOptions = { agent, ...(ca !== undefined && { ca }) };
  if (url !== undefined) {
    const { hostname, port, pathname, search } = new URL(url);
    return { ...trust, host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port), path: `${pathname}${search}` };
  }
  const { host, port, serverName } = serviceEndpoint(service ?? { namespace: '', name: '' }, api.lookups, api.random);
  return { ...trust, host, port, servername: serverName, path: service?.path ?? '/', headers: { host: serverName } };
}

function post(options: RequestOptions, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest({ ...options, method: 'POST', signal, headers: { ...(options.headers as object), 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerLimitBytes) call.destroy(new WebhookError(`the answer is larger than ${answerLimitBytes} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(Buffer.concat(chunks));
        else reject(new WebhookError(`it answered ${status}`));
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      // The other end had closed a kept connection: nothing of the request was read.
      if (call.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted) post({ ...options, agent: false }, body, signal).then(resolve, reject);
      else reject(error);
    });
    call.end(body);
  });
}

function parsed(answer: Buffer): unknown {
  try {
    return JSON.parse(answer.toString());
  } catch (cause) {
    throw new WebhookError('its answer is not JSON', { cause });
  }
}
