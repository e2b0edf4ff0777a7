import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';

/** Longer than the 90 s that Go's clients and kube-apiserver keep an idle connection: who has just sent something is seldom the one that is hung up on. */
const idleMs = 120_000;

/** At the end, for answers that are being sent, and for requests that nothing was said to yet, such as those that wait for a webhook. */
const sendingMs = 300, unansweredMs = 5_000;

/** How a connection is taken up: small pieces go out at once, and a client whose machine is gone is noticed. */
export const connectionOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

/** Closes HTTP/1.1 connections that idle, and never one on which a request has come in; what it returns stops the server: it takes no more connections,
 *  closes idle ones, lets running requests end, and cuts what is left. */
export function keepConnections(server: Http2SecureServer): () => Promise<void> {
  const sockets = new Set<Socket>();
  const answers = new Set<ServerResponse>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (_: unknown, answer: unknown) => {
    const response = answer as ServerResponse<IncomingMessage>;
    answers.add(response);
    response.on('close', () => answers.delete(response));
  });
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  closeIdle(server);
  return () => new Promise((resolve) => {
    const startedAt = performance.now();
    const cut = (): void => {
      const waits = performance.now() - startedAt < unansweredMs && [...answers].some((answer) => !answer.headersSent);
      if (!waits) for (const socket of sockets) socket.destroy();
    };
    const timer = setInterval(cut, sendingMs);
    server.close(() => {
      clearInterval(timer);
      resolve();
    });
  });
}

/** Node destroys the connection as soon as the time is up. When the process was busy just then, a request may have come in that was not read yet:
 *  its sender would see a reset, and could not know whether its write was done. So what is there is read first. */
function closeIdle(server: Http2SecureServer): void {
  Object.assign(server, { keepAliveTimeout: idleMs });
  server.on('timeout', (socket: Socket) => {
    const before = socket.bytesRead;
    // Runs after the next look at all connections.
    setImmediate(() => setImmediate(() => { if (socket.bytesRead === before) socket.destroy(); }));
  });
}
