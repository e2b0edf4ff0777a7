import { decide, type Decision, type RoutingState } from '../decision.ts';
import type { Identify } from '../identity.ts';
import { REASON_HEADER, type RouterLayout } from '../router-layout.ts';
import type { AccessLog } from './access-log.ts';
import type { BackendPool, PoolServer } from './backend-pool.ts';
import { addTrailers, cut, endConnection, hasBody, type Incoming, type Outgoing, writeHead } from './client-side.ts';
import { countGroup, endToEnd, forwardedHeaders, routedRequest } from './forwarded-request.ts';
import { sendHttp1, sendHttp2, type UpstreamExchange, type UpstreamRequest } from './upstream.ts';

const ANSWER_TIMEOUT_MS = 60_000;
/** A stream of HTTP/2 may be silent for long. */
const STREAM_TIMEOUT_MS = 3_600_000;
export const MAX_TRIES = 4;
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface ProxyOptions {
  readonly layout: Omit<RouterLayout, 'extra'>;
  readonly pool: BackendPool;
  readonly log: AccessLog;
  readonly routing: RoutingState;
  readonly identify: Identify;
  readonly now: () => number;
  /** A clock that only goes forward, with fractions of a millisecond. */
  readonly elapsedMs: () => number;
  /** True: answers end their connection. */
  readonly stopping: () => boolean;
  readonly segments: Map<string, number>;
}

/** Forwards one request: streamed both ways; sent to another server only when no byte of it can have reached the first. */
export function forward(options: ProxyOptions, incoming: Incoming, outgoing: Outgoing): void {
  const { pool } = options;
  const began = options.elapsedMs();
  const routed = routedRequest(options, incoming);
  const decision = decide(routed, options.routing);
  countGroup(options.segments, decision.segment);
  if (options.stopping()) endConnection(outgoing);
  let server: PoolServer | undefined;
  let retries = 0;
  let answeredMs = -1;
  let whole = false;
  const backend = decision.type === 'forward' ? decision.backend : undefined;
  outgoing.once('finish', () => { whole = true; });
  outgoing.once('close', () => {
    const status = outgoing.headersSent ? outgoing.statusCode : 0;
    if (backend !== undefined) pool.count(backend, status >= 500 || (!whole && status !== 0 && !incoming.destroyed));
    options.log.add({
      at: options.now(), method: incoming.method, url: incoming.url, status, ms: answeredMs, totalMs: Math.round(options.elapsedMs() - began), segment: decision.segment, bucket: decision.bucket, user: routed.user,
      backend: backend === undefined ? undefined : pool.told(backend), server: server?.id ?? '-', retries, whole,
    });
  });
  if (decision.type === 'refuse' || backend === undefined) return refuse(incoming, outgoing, decision);

  const { http2 } = options.layout;
  const request: UpstreamRequest = {
    method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers: forwardedHeaders(options, incoming, decision.segment),
    ...(hasBody(incoming) && { body: incoming }), answerTimeoutMs: http2 ? STREAM_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
  };
  const tried = new Set<PoolServer>();
  let current: UpstreamExchange | undefined;
  let answered = false;
  outgoing.once('close', () => {
    if (!whole) current?.destroy();
  });

  const tryNext = (): void => {
    server = pool.pick(backend, tried);
    if (server === undefined || tried.size >= MAX_TRIES) return unavailable(incoming, outgoing, tried.size === 0 ? 'NoServer' : 'ConnectionRefused');
    const target = server;
    tried.add(target);
    current = (http2 ? sendHttp2 : sendHttp1)(target, request, {
      sent: () => pool.accepted(target),
      answered: ({ status, message, headers, body, trailers }) => {
        answered = true;
        const took = options.elapsedMs() - began;
        answeredMs = Math.round(took);
        pool.answered(backend, Math.round(took * 1000));
        if (options.stopping()) endConnection(outgoing);
        writeHead(outgoing, status, message, endToEnd(headers));
        body.pipe(outgoing, { end: false });
        body.once('end', () => {
          addTrailers(outgoing, trailers());
          outgoing.end();
        });
      },
      failed: (unsent, reusedConnection) => {
        if (outgoing.destroyed || answered) return;
        if (unsent) pool.refused(target);
        // A kept connection that the server closed at this instant: repeating what changes nothing is safe.
        else if (!(reusedConnection && request.body === undefined && REPEATABLE.has(request.method))) return unavailable(incoming, outgoing, 'ConnectionLost');
        else tried.delete(target);
        if (++retries > MAX_TRIES) return unavailable(incoming, outgoing, 'ConnectionRefused');
        tryNext();
      },
      cut: () => cut(outgoing),
    });
  };
  tryNext();
}

function refuse(incoming: Incoming, outgoing: Outgoing, decision: Decision): void {
  incoming.resume();
  if (decision.type !== 'refuse') return;
  writeHead(outgoing, 503, '', ['Content-Type', 'text/plain', 'Retry-After', '1', REASON_HEADER, decision.reason]);
  outgoing.end(`${decision.message}\n`);
}

function unavailable(incoming: Incoming, outgoing: Outgoing, reason: string): void {
  incoming.unpipe();
  incoming.resume();
  if (outgoing.headersSent) return cut(outgoing);
  writeHead(outgoing, reason === 'ConnectionLost' ? 502 : 503, '', ['Content-Type', 'text/plain', 'Retry-After', '1', REASON_HEADER, reason]);
  outgoing.end('No server answered\n');
}
