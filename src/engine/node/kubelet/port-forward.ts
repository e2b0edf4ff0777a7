import type net from 'node:net';
import type { WebSocket } from 'ws';
import { send } from './channels.ts';
import { SpdySession, type SpdyStream } from './spdy/session.ts';
import type { Duplex } from 'node:stream';

const firstDataMessage = 2;

/** Joins each asked-for port of a pod to two channels: data and errors, both opening with the port's number in two bytes, low first. */
export function forwardOverChannels(socket: WebSocket, dial: Dial, query: URLSearchParams): void {
  const ports = [...query.getAll('ports'), ...query.getAll('port')].flatMap((p) => p.split(',')).map(Number);
  const sockets = ports.map((port, i) => {
    const number = Buffer.alloc(firstDataMessage);
    number.writeUInt16LE(port);
    void send(socket, 2 * i, number);
    void send(socket, 2 * i + 1, number);
    const far = dial(port);
    far.on('data', (chunk: Buffer) => {
      far.pause();
      void send(socket, 2 * i, chunk).then(() => far.resume());
    });
    far.on('error', (e) => void send(socket, 2 * i + 1, cannotReach(port, e)));
    far.on('close', () => {
      if (sockets.every((s) => s.destroyed)) socket.close(1000);
    });
    return far;
  });
  socket.on('message', (data: Buffer) => {
    const index = data[0] ?? 0;
    const far = index % 2 === 0 ? sockets[index / 2] : undefined;
    if (far === undefined || far.write(data.subarray(1))) return;
    socket.pause();
    const resume = (): void => {
      far.off('drain', resume).off('close', resume);
      socket.resume();
    };
    far.on('drain', resume).on('close', resume);
  });
  socket.on('close', () => {
    for (const far of sockets) far.destroy();
  });
}

/** Opens a connection to a port of the pod; it may fail later. */
export type Dial = (port: number) => net.Socket;

/** Serves `portforward.k8s.io`: for each connection the client opens an error and a data stream of one request id, and the port in their headers. */
export function forwardOverSpdy(connection: Duplex, dial: Dial): SpdySession {
  const pending = new Map<string, { readonly error?: SpdyStream; readonly data?: SpdyStream }>();
  return new SpdySession(connection, (stream) => {
    const { streamtype, port, requestid } = stream.headers;
    const number = Number(port);
    if (!Number.isInteger(number) || number < 1 || number > 65_535 || (streamtype !== 'error' && streamtype !== 'data')) return void stream.destroy();
    const key = requestid ?? String(number);
    const pair = { ...pending.get(key), [streamtype]: stream };
    pending.set(key, pair);
    if (pair.error === undefined || pair.data === undefined) return;
    pending.delete(key);
    join(pair.error, pair.data, dial(number), number);
  });
}

function join(error: SpdyStream, data: SpdyStream, far: net.Socket, port: number): void {
  far.once('error', (e) => error.end(cannotReach(port, e)));
  far.once('close', () => {
    if (!error.writableEnded) error.end();
    // What the pod sent before it closed still goes to the client; a connection that failed has nothing more to say.
    if (!data.writableEnded) data.end();
    data.resume();
  });
  data.once('close', () => far.destroy());
  error.resume();
  data.pipe(far);
  far.pipe(data);
}

const cannotReach = (port: number, e: Error): string => `cannot reach port ${port} of the pod: ${e.message}`;
