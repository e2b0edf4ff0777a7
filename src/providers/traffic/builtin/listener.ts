import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Incoming, Outgoing } from './client-side.ts';

const FIRST_BYTE_TIMEOUT_MS = 60_000;
/** RFC 9113, 3.4: what an HTTP/2 client that knows the protocol sends first. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface ListenerOptions {
  request(incoming: Incoming, outgoing: Outgoing): void;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly server: Server;
  /** Takes no more connections, and resolves when the last has ended: each ends after what runs on it. */
  close(): Promise<void>;
  /** Cuts all connections, upgraded ones too. */
  cut(): void;
}

/** HTTP/1.1 and HTTP/2 in clear text on one port, told apart by what the client sends first. */
export function createListener({ request, upgrade }: ListenerOptions): Listener {
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 30_000, requestTimeout: 0, noDelay: true, insecureHTTPParser: false }, request);
  server.on('upgrade', upgrade);
  const http2: Http2Server = createHttp2Server({ settings: { maxConcurrentStreams: 250 } }, request);
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => undefined);
    if (closing) session.close();
  });
  const sockets = new Set<Socket>();
  let closing = false;
  const [http1] = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    firstBytes(socket, (isHttp2) => {
      if (isHttp2) http2.emit('connection', socket);
      else http1?.call(server, socket);
    });
  });
  return {
    server,
    close() {
      closing = true;
      for (const session of sessions) session.close();
      // Not http.Server's own close: that cuts idle connections, on which a client may be sending at this instant.
      return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Tells the protocol as soon as the bytes so far decide it, and puts them back. */
function firstBytes(socket: Socket, decided: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const compared = Math.min(seen.length, PREFACE.length);
    const maybe = seen.subarray(0, compared).equals(PREFACE.subarray(0, compared));
    if (maybe && compared < PREFACE.length) return;
    socket.off('data', read);
    socket.off('error', failed);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(seen);
    decided(maybe);
    if (!maybe) socket.resume();
  };
  const failed = (): void => void socket.destroy();
  socket.once('error', failed);
  socket.setTimeout(FIRST_BYTE_TIMEOUT_MS, failed);
  socket.on('data', read);
}
