import { request as httpRequest } from 'node:http';
import { constants } from 'node:http2';
import type { Readable } from 'node:stream';
import type { PoolServer } from './backend-pool.ts';
import { answerHead, requestHead } from './http2-headers.ts';

const CONNECT_TIMEOUT_MS = 2_000;

/** One request for a server of a backend. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, as latin1; end-to-end ones only. */
  readonly headers: readonly string[];
  /** Absent: there is none. */
  readonly body?: Readable;
  readonly answerTimeoutMs: number;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly message: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Readable;
  /** Names and values in turn; whole once the body has ended. */
  trailers(): readonly string[];
}

/** What becomes of a request: `sent` at most once, then `answered` or `failed`. */
export interface UpstreamEvents {
  /** From now on bytes of it may reach the server. */
  sent(): void;
  answered(answer: UpstreamAnswer): void;
  /** No answer will come. @param unsent no byte of it was worked on: any server may get it */
  failed(unsent: boolean, reusedConnection: boolean): void;
  /** The answer ends before its end. */
  cut(): void;
}

export interface UpstreamExchange {
  /** Nobody waits for the answer any more. */
  destroy(): void;
}

export function sendHttp1(server: PoolServer, { method, path, headers, body, answerTimeoutMs }: UpstreamRequest, events: UpstreamEvents): UpstreamExchange {
  const upstream = httpRequest({ host: server.address, port: server.port, method, path, headers: headers as string[], agent: server.agent, setHost: false });
  let connected = false;
  let answered = false;
  const timer = setTimeout(() => upstream.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
  const start = (): void => {
    connected = true;
    clearTimeout(timer);
    events.sent();
    upstream.setTimeout(answerTimeoutMs, () => upstream.destroy(new Error('no answer in time')));
    if (body === undefined) upstream.end();
    else body.pipe(upstream);
  };
  upstream.once('socket', (socket) => {
    if (!socket.connecting) return start();
    socket.setNoDelay(true);
    socket.once('connect', start);
  });
  upstream.once('response', (response) => {
    answered = true;
    response.once('aborted', () => events.cut());
    response.on('error', () => events.cut());
    events.answered({ status: response.statusCode ?? 502, message: response.statusMessage ?? '', headers: response.rawHeaders, body: response, trailers: () => response.rawTrailers });
  });
  upstream.on('error', () => {
    clearTimeout(timer);
    if (answered) events.cut();
    else events.failed(!connected, upstream.reusedSocket);
  });
  return { destroy: () => void upstream.destroy() };
}

/** Over one connection for all requests to a server, with prior knowledge (RFC 9113, 3.3). */
export function sendHttp2(server: PoolServer, request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange {
  let done = false;
  let stream: ReturnType<ReturnType<PoolServer['sessions']['get']>['request']> | undefined;
  const fail = (unsent: boolean): void => {
    if (done) return;
    done = true;
    events.failed(unsent, false);
  };
  const open = (): void => {
    if (done) return;
    const session = server.sessions.get();
    try {
      stream = session.request(requestHead(request), { endStream: request.body === undefined });
    } catch {
      return fail(true);
    }
    const opened = stream;
    let answered = false;
    let trailers: readonly string[] = [];
    events.sent();
    opened.setTimeout(request.answerTimeoutMs, () => opened.close(constants.NGHTTP2_CANCEL));
    opened.once('response', (head, _, raw: readonly string[]) => {
      answered = true;
      done = true;
      events.answered({ ...answerHead(head, raw), body: opened, trailers: () => trailers });
    });
    opened.once('trailers', (_, __, raw: readonly string[]) => { trailers = raw; });
    opened.on('error', () => undefined);
    opened.once('close', () => {
      if (answered) {
        if (!opened.readableEnded) events.cut();
      } else fail(opened.rstCode === constants.NGHTTP2_REFUSED_STREAM || opened.id === undefined);
    });
    request.body?.pipe(opened);
  };
  server.sessions.connected().then(open, () => fail(true));
  return {
    destroy() {
      done = true;
      if (stream !== undefined && !stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    },
  };
}
