import { createServer as createPlain, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { HookReceiver } from '../../controllers/source/ports.ts';
import type { Logger } from '../../runtime/logger.ts';

export interface HookReceiverOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. Absent: plain http, behind something that ends TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly log: Logger;
}

const BODY_BYTES = 5 * 1024 * 1024;
const TIMEOUT_MS = 15_000;
/** Each holds its body until its signature is known. */
const AT_ONCE = 32;
const PATH = /^\/hooks\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/;
const STATUS = { accepted: 202, unknown: 404, unauthorized: 401 } as const;

/** `POST /hooks/<namespace>/<source>`. What it hears it does not believe: the controller asks who signed it. */
export function hookReceiver({ host, port, tls, log }: HookReceiverOptions): HookReceiver & { readonly address: () => string | undefined } {
  let address: string | undefined;
  return {
    address: () => address,
    async listen(answer, signal) {
      let open = 0;
      const handle: RequestListener = (request, response) => {
        if (open >= AT_ONCE) return reply(response, 503, 'Too many webhooks at once: send it again');
        open++;
        response.on('close', () => { open--; });
        respond(request, response, answer).catch((error: unknown) => {
          log.warn({ error: error instanceof Error ? error.message : String(error) }, 'A webhook could not be answered');
          if (!response.headersSent) reply(response, 500, 'It could not be looked at: send it again');
        });
      };
      const server = tls === undefined ? createPlain(handle) : createSecure(tls, handle);
      server.requestTimeout = TIMEOUT_MS;
      server.headersTimeout = TIMEOUT_MS;
      await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(port, host, resolve); });
      server.on('error', (error) => log.warn({ error: error.message }, 'The webhook listener failed'));
      const bound = server.address();
      address = `${tls === undefined ? 'http' : 'https'}://${host}:${typeof bound === 'object' && bound !== null ? bound.port : port}`;
      log.info({ address }, 'Webhooks are heard');
      signal.addEventListener('abort', () => { server.close(); server.closeAllConnections(); }, { once: true });
    },
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: Parameters<HookReceiver['listen']>[0]): Promise<void> {
  const path = PATH.exec(new URL(request.url ?? '/', 'http://localhost').pathname);
  if (path === null) return reply(response, 404, 'Webhooks of a Source go to /hooks/<namespace>/<source>');
  if (request.method !== 'POST') return reply(response, 405, 'A webhook is a POST');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) return reply(response, 413, `A webhook has at most ${BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const [, namespace = '', name = ''] = path;
  const verdict = await answer({ namespace, name }, { headers: request.headers, body: Buffer.concat(chunks) });
  const messages = { accepted: 'The branch is looked at', unknown: 'There is no such Source, or it has no webhookSecretRef', unauthorized: 'The signature does not fit: send X-Hub-Signature-256, X-Gitea-Signature or X-Gitlab-Token made with the secret of the Source' };
  reply(response, STATUS[verdict], messages[verdict]);
}

function reply(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(`${JSON.stringify({ message })}\n`);
}
