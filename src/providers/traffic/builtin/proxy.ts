import { type ClientRequest, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { decide, type Decision, type RoutedRequest, type RoutingState } from '../decision.ts';
import type { Identify } from '../identity.ts';
import { REASON_HEADER, REMOVED_GROUP, type RouterLayout, TRAFFIC_GROUP } from '../router-layout.ts';
import type { AccessLog } from './access-log.ts';
import type { BackendPool, PoolServer } from './backend-pool.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_TRIES = 4;
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'upgrade', 'http2-settings', 'expect']);
const EDGE_OWNED = new Set([TRAFFIC_GROUP.toLowerCase(), 'x-forwarded-for']);
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
export function forward(options: ProxyOptions, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { pool, now } = options;
  const began = options.elapsedMs();
  const routed = routedRequest(options, incoming);
  const decision = decide(routed, options.routing);
  count(options.segments, decision.segment);
  if (options.stopping()) outgoing.shouldKeepAlive = false;
  let server: PoolServer | undefined;
  let retries = 0;
  let answeredMs = -1;
  const backend = decision.type === 'forward' ? decision.backend : undefined;
  outgoing.once('close', () => {
    const status = outgoing.headersSent ? outgoing.statusCode : 0;
    const whole = outgoing.writableFinished;
    if (backend !== undefined) pool.count(backend, status >= 500 || (!whole && status !== 0 && !incoming.destroyed));
    options.log.add({
      at: now(), method: incoming.method, url: incoming.url, status, ms: answeredMs, totalMs: Math.round(options.elapsedMs() - began), segment: decision.segment, bucket: decision.bucket, user: routed.user,
      backend: backend === undefined ? undefined : pool.told(backend), server: server?.id ?? '-', retries, whole,
    });
  });
  if (decision.type === 'refuse' || backend === undefined) return refuse(incoming, outgoing, decision);

  const headers = forwardedHeaders(options.layout, incoming, decision.segment);
  const hasBody = incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
  const tried = new Set<PoolServer>();
  let current: ClientRequest | undefined;
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) current?.destroy();
  });

  const tryNext = (): void => {
    server = pool.pick(backend, tried);
    if (server === undefined || tried.size >= MAX_TRIES) return unavailable(incoming, outgoing, tried.size === 0 ? 'NoServer' : 'ConnectionRefused');
    const target = server;
    tried.add(target);
    const upstream = httpRequest({ host: target.address, port: target.port, method: incoming.method, path: incoming.url, headers, agent: target.agent, setHost: false });
    current = upstream;
    let connected = false;
    let answered = false;
    const timer = setTimeout(() => upstream.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
    const start = (): void => {
      connected = true;
      pool.accepted(target);
      clearTimeout(timer);
      upstream.setTimeout(ANSWER_TIMEOUT_MS, () => upstream.destroy(new Error('no answer in time')));
      if (hasBody) incoming.pipe(upstream);
      else upstream.end();
    };
    upstream.once('socket', (socket) => {
      if (!socket.connecting) return start();
      socket.setNoDelay(true);
      socket.once('connect', start);
    });
    upstream.once('response', (response) => {
      answered = true;
      const took = options.elapsedMs() - began;
      answeredMs = Math.round(took);
      pool.answered(backend, Math.round(took * 1000));
      if (options.stopping()) outgoing.shouldKeepAlive = false;
      outgoing.writeHead(response.statusCode ?? 502, response.statusMessage ?? '', endToEnd(response.rawHeaders));
      response.pipe(outgoing);
      response.once('aborted', () => outgoing.destroy());
      response.on('error', () => outgoing.destroy());
    });
    upstream.on('error', () => {
      clearTimeout(timer);
      if (outgoing.destroyed || answered) return void (answered && outgoing.destroy());
      const unsent = !connected;
      if (unsent) pool.refused(target);
      // A kept connection that the server closed at this instant: repeating what changes nothing is safe.
      else if (!(upstream.reusedSocket && !hasBody && REPEATABLE.has(incoming.method ?? ''))) return unavailable(incoming, outgoing, 'ConnectionLost');
      else tried.delete(target);
      if (++retries > MAX_TRIES) return unavailable(incoming, outgoing, 'ConnectionRefused');
      tryNext();
    });
  };
  tryNext();
}

/** WebSocket and other upgrades: the server's answer and all that follows passes through as it is. */
export function forwardUpgrade(options: ProxyOptions, incoming: IncomingMessage, client: Socket, head: Buffer): void {
  client.on('error', () => client.destroy());
  const decision = decide(routedRequest(options, incoming), options.routing);
  const tried = new Set<PoolServer>();
  const fail = (): void => void client.end(`HTTP/1.1 503 Service Unavailable\r\n${REASON_HEADER}: ${decision.type === 'refuse' ? decision.reason : 'NoServer'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const tryNext = (): void => {
    const server = decision.type === 'forward' && tried.size < MAX_TRIES ? options.pool.pick(decision.backend, tried) : undefined;
    if (server === undefined) return fail();
    tried.add(server);
    const upstream = connect({ host: server.address, port: server.port, noDelay: true });
    const refused = (): void => {
      options.pool.refused(server);
      tryNext();
    };
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      upstream.on('error', () => client.destroy());
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.end());
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      const headers = forwardedHeaders(options.layout, incoming, decision.segment);
      for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
      lines.push(`Connection: Upgrade`, `Upgrade: ${incoming.headers.upgrade ?? ''}`);
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      if (head.length > 0) upstream.write(head);
      client.pipe(upstream);
      upstream.pipe(client);
    });
  };
  tryNext();
}

/** Values of one header, each whole, repeated ones apart. */
function headerValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  return values;
}

function routedRequest({ layout, identify, segments }: ProxyOptions, incoming: IncomingMessage): RoutedRequest {
  const { user, segment } = identify({ header: (name) => headerValues(incoming, name), address: incoming.socket.remoteAddress ?? '' });
  const groups = headerValues(incoming, TRAFFIC_GROUP.toLowerCase());
  if (!layout.edge) return { groups, ...(user === undefined ? {} : { user }) };
  if (groups.length > 0) count(segments, REMOVED_GROUP);
  return { groups: [], segment: segment ?? layout.defaultSegment, ...(user === undefined ? {} : { user }) };
}

const count = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);

function forwardedHeaders({ edge }: ProxyOptions['layout'], incoming: IncomingMessage, segment: string): string[] {
  const headers = endToEnd(incoming.rawHeaders, edge ? EDGE_OWNED : undefined);
  if (edge) headers.push(TRAFFIC_GROUP, segment);
  headers.push('X-Forwarded-For', incoming.socket.remoteAddress ?? '');
  if (incoming.headers['x-forwarded-proto'] === undefined) headers.push('X-Forwarded-Proto', 'http');
  if (incoming.headers['x-forwarded-host'] === undefined) headers.push('X-Forwarded-Host', incoming.headers.host ?? '');
  return headers;
}

/** Raw headers without those of one connection only (RFC 9110, 7.6.1). Transfer-Encoding stays: it tells Node how to frame. */
function endToEnd(raw: readonly string[], also?: ReadonlySet<string>): string[] {
  const named = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === 'connection') for (const name of (raw[i + 1] ?? '').split(',')) named.add(name.trim().toLowerCase());
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase() ?? '';
    if (!HOP_BY_HOP.has(name) && !named.has(name) && also?.has(name) !== true) kept.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return kept;
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, decision: Decision): void {
  incoming.resume();
  if (decision.type === 'refuse') outgoing.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1', [REASON_HEADER]: decision.reason }).end(`${decision.message}\n`);
}

function unavailable(incoming: IncomingMessage, outgoing: ServerResponse, reason: string): void {
  incoming.unpipe();
  incoming.resume();
  if (outgoing.headersSent) return void outgoing.destroy();
  outgoing.writeHead(reason === 'ConnectionLost' ? 502 : 503, { 'content-type': 'text/plain', 'retry-after': '1', [REASON_HEADER]: reason }).end('No server answered\n');
}
