import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ApiContext } from '../context.ts';

/** Of one connection, or of credentials that are for this server alone. */
const ownHeaders = /^(?::.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|host|authorization|x-remote-.*|impersonate-.*)$/;

/** What of a request's or an answer's headers goes on. */
export const passedHeaders = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.test(name)));

/** Passes the body of a request on to another server, and its answer back, both as they come. Resolves at the answer's end, or when the client or this server goes.
 *  @param open begins the request to the other server
 *  @param unreachable what it rejects with where that fails */
export function passOn(api: Pick<ApiContext, 'closing'>, req: IncomingMessage, res: ServerResponse, open: (answered: (answer: IncomingMessage) => void) => ClientRequest, unreachable: (error: Error) => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const upstream = open((answer) => {
      res.writeHead(answer.statusCode ?? 502, passedHeaders(answer.headers));
      res.flushHeaders();
      answer.pipe(res);
      answer.on('error', () => { res.destroy(); resolve(); });
      answer.on('end', resolve);
    });
    upstream.on('error', (error) => {
      if (res.headersSent) res.destroy();
      reject(unreachable(error));
    });
    const close = (): void => { upstream.destroy(); resolve(); };
    res.on('close', close);
    api.closing.addEventListener('abort', close, { once: true });
    res.on('close', () => api.closing.removeEventListener('abort', close));
    req.pipe(upstream);
  });
}
