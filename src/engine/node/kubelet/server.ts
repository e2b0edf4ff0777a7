import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { PodWorkers } from '../pod-workers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { chooseProtocol, spdyTunnel } from './channels.ts';
import { parseLogQuery } from './log-query.ts';
import { readLog } from './read-log.ts';
import { forwardOverChannels, forwardOverSpdy } from './port-forward.ts';
import { webSocketStreams, type RemoteStreams } from './remote-streams.ts';
import { resourceMetrics, statsSummary } from './resource-usage.ts';
import { acceptSpdy, openedStreams, wantsSpdy } from './spdy-upgrade.ts';
import { attachStream, execStream } from './streams.ts';
import type { UsageSampler } from './usage-sampler.ts';

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
  readonly nodeName: string;
  readonly workers: () => PodWorkers;
  readonly usage: UsageSampler;
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
  const tunnels = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const open = isApiServer(request) ? streamOf(options, new URL(request.url ?? '/', 'https://node')) : { status: 403, message: 'Forbidden' };
    if ('status' in open) {
      socket.end(`HTTP/1.1 ${open.status} ${open.message.replace(/[\r\n]/g, ' ')}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    if (wantsSpdy(request)) {
      tunnels.add(socket.on('error', () => socket.destroy()).once('close', () => tunnels.delete(socket)));
      open.overSpdy(request, socket, head);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate());
      open.overWebSocket(webSocket);
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets.clients) socket.terminate();
      for (const socket of tunnels) socket.destroy();
      server.closeAllConnections();
    },
  };
}

function isApiServer(request: IncomingMessage): boolean {
  return [(request.socket as TLSSocket).getPeerCertificate().subject?.O ?? []].flat().includes(kubeletClientOrganization);
}

interface OpenStream {
  overWebSocket(socket: WebSocket): void;
  overSpdy(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What to do with a connection that is to become a stream of this path. */
function streamOf({ workers, runtime, clock, log }: KubeletServerOptions, url: URL): OpenStream | { readonly status: number; readonly message: string } {
  const [verb, namespace, podName, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const worker = workers().find(namespace ?? '', podName ?? '');
  if (worker === undefined) return { status: 404, message: 'Pod not found' };
  const { searchParams } = url;
  if (verb === 'portForward') {
    const dial = (port: number): Socket => connect({ host: worker.place?.podIp ?? '127.0.0.1', port, allowHalfOpen: true });
    return {
      overWebSocket: (socket) => void (socket.protocol === spdyTunnel ? forwardOverSpdy(createWebSocketStream(socket), dial) : forwardOverChannels(socket, dial, searchParams)),
      overSpdy: (request, socket, head) => void (acceptSpdy(request, socket, head, ['portforward.k8s.io']) && forwardOverSpdy(socket, dial)),
    };
  }
  // The kubelet's paths may have the pod's uid before the container.
  const running = worker.containers.get(rest.at(-1) ?? '')?.running;
  if (running === undefined) return { status: 409, message: 'Container does not run' };
  if (verb !== 'exec' && verb !== 'attach') return { status: 404, message: 'Not found' };
  const failed = (e: unknown): void => log.debug({ path: url.pathname, error: String(e) }, 'A stream failed');
  const serve = (remote: RemoteStreams): void => void (verb === 'exec' ? execStream(remote, runtime, running, searchParams) : attachStream(remote, running, clock)).catch(failed);
  return {
    overWebSocket: (socket) => serve(webSocketStreams(socket)),
    overSpdy(request, socket, head) {
      if (acceptSpdy(request, socket, head)) void openedStreams(socket, searchParams, clock).then((remote) => remote !== undefined && serve(remote), failed);
    },
  };
}

async function handle(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isApiServer(request)) return text(response, 403, `A client of the node needs a certificate of the organization ${kubeletClientOrganization}`);
  const url = new URL(request.url ?? '/', 'https://node');
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (request.method !== 'GET') return text(response, 405, 'The node answers GET only');
  const all = options.workers().all();
  const own = all.filter((w) => w.pod.spec?.nodeName === options.nodeName);
  switch (parts[0]) {
    case 'healthz':
      return text(response, 200, 'ok');
    case 'containerLogs':
      return logs(options, parts.slice(1), url.searchParams, response);
    case 'stats':
      return text(response, 200, JSON.stringify(statsSummary(own, await options.usage.measure(() => options.workers().all()), options.nodeName)), 'application/json');
    case 'metrics':
      return text(response, 200, resourceMetrics(own, await options.usage.measure(() => options.workers().all())), 'text/plain; version=0.0.4');
    case 'pods':
      return text(response, 200, JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items: own.map((w) => w.pod) }), 'application/json');
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
