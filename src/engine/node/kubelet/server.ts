import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { PodWorkers } from '../pod-workers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { chooseProtocol } from './channels.ts';
import { parseLogQuery } from './log-query.ts';
import { readLog } from './read-log.ts';
import { attachStream, execStream, portForwardStream } from './streams.ts';
import { resourceMetrics, statsSummary } from './resource-usage.ts';

export interface KubeletTls {
  readonly certPem: string;
  readonly keyPem: string;
  /** Signs the certificates of those who may ask. */
  readonly clientCaPem: string;
}

export interface KubeletServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly tls: KubeletTls;
  readonly workers: () => PodWorkers;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who the API server is to a node: any other certificate of the cluster is refused. */
const kubeletClientOrganization = 'system:masters';

/** What a node tells the API server: logs and resource usage of its pods, at the kubelet's paths. Only a client certificate of the cluster's authority is let in. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<{ readonly port: number; close(): void }> {
  const { tls } = options;
  const server: Server = createServer({ cert: tls.certPem, key: tls.keyPem, ca: tls.clientCaPem, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    handle(options, request, response).catch((e: unknown) => {
      options.log.debug({ path: request.url?.split('?')[0], error: e instanceof Error ? e.message : String(e) }, 'A request to the node failed');
      if (response.headersSent) response.destroy();
      else text(response, 500, e instanceof Error ? e.message : String(e));
    });
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: chooseProtocol });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const open = isApiServer(request) ? streamOf(options, new URL(request.url ?? '/', 'https://node')) : { status: 403, message: 'Forbidden' };
    if (typeof open !== 'function') {
      socket.end(`HTTP/1.1 ${open.status} ${open.message.replace(/[\r\n]/g, ' ')}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate());
      open(webSocket);
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
    },
  };
}

function isApiServer(request: IncomingMessage): boolean {
  return [(request.socket as TLSSocket).getPeerCertificate().subject?.O ?? []].flat().includes(kubeletClientOrganization);
}

/** What to do with a WebSocket to this path. */
function streamOf({ workers, runtime, clock, log }: KubeletServerOptions, url: URL): ((socket: WebSocket) => void) | { readonly status: number; readonly message: string } {
  const [verb, namespace, podName, container] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const worker = workers().find(namespace ?? '', podName ?? '');
  if (worker === undefined) return { status: 404, message: 'Pod not found' };
  if (verb === 'portForward') return (socket) => portForwardStream(socket, worker, url.searchParams);
  const running = worker.containers.get(container ?? '')?.running;
  if (running === undefined) return { status: 409, message: 'Container does not run' };
  const failed = (e: unknown): void => log.debug({ path: url.pathname, error: String(e) }, 'A stream failed');
  if (verb === 'exec') return (socket) => void execStream(socket, runtime, running, url.searchParams).catch(failed);
  if (verb === 'attach') return (socket) => void attachStream(socket, running, clock).catch(failed);
  return { status: 404, message: 'Not found' };
}

async function handle(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isApiServer(request)) return text(response, 403, `A client of the node needs a certificate of the organization ${kubeletClientOrganization}`);
  const url = new URL(request.url ?? '/', 'https://node');
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (request.method !== 'GET') return text(response, 405, 'The node answers GET only');
  const all = options.workers().all();
  switch (parts[0]) {
    case 'healthz':
      return text(response, 200, 'ok');
    case 'containerLogs':
      return logs(options, parts.slice(1), url.searchParams, response);
    case 'stats':
      return text(response, 200, JSON.stringify(statsSummary(all, options.runtime, all[0]?.pod.spec?.nodeName ?? '', options.clock.now())), 'application/json');
    case 'metrics':
      return text(response, 200, resourceMetrics(all, options.runtime), 'text/plain; version=0.0.4');
    case 'pods':
      return text(response, 200, JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items: all.map((w) => w.pod) }), 'application/json');
    default:
      return text(response, 404, `The node has nothing at ${url.pathname}`);
  }
}

async function logs(options: KubeletServerOptions, [namespace, podName, container]: readonly string[], parameters: URLSearchParams, response: ServerResponse): Promise<void> {
  const { clock } = options;
  let query;
  try {
    query = parseLogQuery(parameters, clock.now());
  } catch (e) {
    return text(response, 400, e instanceof Error ? e.message : String(e));
  }
  const tracked = options.workers().find(namespace ?? '', podName ?? '')?.containers.get(container ?? '');
  if (tracked === undefined) return text(response, 404, `pod ${namespace}/${podName} with container ${container} is not on this node`);
  const newest = tracked.newest;
  const current = newest?.logFile;
  if (newest === undefined || current === undefined) return text(response, 400, `container "${container}" in pod "${podName}" is waiting to start: ${tracked.waiting?.reason ?? 'ContainerCreating'}`);
  const file = query.previous ? join(dirname(dirname(current)), String(newest.attempt - 1), 'log') : current;
  if (!existsSync(file)) return text(response, 400, `previous terminated container "${container}" in pod "${podName}" not found`);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.flushHeaders();
  for await (const piece of readLog(file, query, { startedAtMs: newest.startedAtMs, ended: () => query.previous || newest.exit !== undefined, clock, signal: gone.signal })) {
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(gone.signal, 'abort')]);
  }
  response.end();
}

function text(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
