import http from 'node:http';
import https from 'node:https';
import type { Connection } from './connection.ts';
import { RequestLanes, type RequestPriority } from './request-lanes.ts';
import { StatusError } from './status-error.ts';

export interface TransportRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly priority?: RequestPriority;
  /** A response without end: it takes a connection of its own and knows no time-out. */
  readonly streaming?: boolean;
}

/** Sends HTTP/1.1 requests over a small pool of kept-alive connections. */
export interface Transport {
  send(request: TransportRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** Without a word for so long a request fails, and an idle connection is closed: servers keep one for longer, and must not be the first to hang up. */
const silenceMs = 60_000;

export function createTransport(connection: Connection): Transport {
  const base = new URL(connection.server);
  const secure = base.protocol === 'https:';
  const prefix = base.pathname.replace(/\/$/, '');
  const tls = {
    ca: connection.caPem,
    cert: connection.clientCertificatePem,
    key: connection.clientKeyPem,
    servername: connection.tlsServerName,
    rejectUnauthorized: connection.insecureSkipTlsVerify !== true,
  };
  const agentOf = (options: http.AgentOptions): http.Agent => (secure ? new https.Agent({ ...options, ...tls }) : new http.Agent(options));
  const lanes = new RequestLanes();
  const pool = agentOf({ keepAlive: true, maxFreeSockets: 16, scheduling: 'lifo', timeout: silenceMs });
  const ownConnections = agentOf({ keepAlive: false });
  const request = secure ? https.request : http.request;

  const attempt = (r: TransportRequest, headers: Record<string, string>, agent: http.Agent): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: base.hostname.replace(/^\[|\]$/g, ''),
          port: base.port === '' ? (secure ? 443 : 80) : base.port,
          method: r.method,
          path: prefix + r.path,
          headers,
          agent,
          signal: r.signal,
        },
        resolve,
      );
      if (r.streaming !== true) outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`no answer within ${silenceMs} ms`)));
      outgoing.on('error', (cause: NodeJS.ErrnoException) => {
        reject(Object.assign(connectionLost(connection.server, cause), { stale: outgoing.reusedSocket && cause.code === 'ECONNRESET' }));
      });
      outgoing.end(r.body);
    });

  return {
    async send(r) {
      const headers: Record<string, string> = {
        accept: 'application/json',
        'user-agent': connection.userAgent ?? 'aweigh',
        ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
        ...(connection.authorize === undefined ? {} : await connection.authorize()),
        ...(r.body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(r.body)) }),
        ...r.headers,
      };
      const leave = r.streaming === true ? undefined : await lanes.enter(r.priority, r.signal).catch((cause: unknown) => { throw connectionLost(connection.server, cause); });
      try {
        const answer = await attempt(r, headers, r.streaming === true ? ownConnections : pool).catch((e: unknown) => {
          // The server closed an idle connection just as it was taken from the pool, and the next one there may be as old; only a read may safely go out twice.
          if (r.method === 'GET' && (e as { stale?: boolean }).stale === true) return attempt(r, headers, ownConnections);
          throw e;
        });
        if (leave !== undefined) answer.once('close', leave);
        return answer;
      } catch (e) {
        leave?.();
        throw e;
      }
    },
    close() {
      pool.destroy();
      ownConnections.destroy();
    },
  };
}

export function connectionLost(server: string, cause: unknown): StatusError {
  const why = cause instanceof Error ? (cause.message === '' ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : cause.message) : String(cause);
  return new StatusError({ code: 0, reason: 'ConnectionLost', message: `The Kubernetes API at ${server} cannot be reached: ${why}` }, { cause });
}
