import net from 'node:net';
import type { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from '../../../runtime/clock.ts';
import type { PodWorker } from '../pod-worker.ts';
import type { Runtime, RuntimeContainer } from '../runtime/runtime.ts';
import { channel, exitStatus, send } from './channels.ts';
import { readLog } from './read-log.ts';

const firstDataMessage = 2;

/** Runs a command in a container, its streams joined to the socket's channels. Ends with the command; a client that leaves ends the command. */
export async function execStream(socket: WebSocket, runtime: Runtime, container: RuntimeContainer, query: URLSearchParams): Promise<void> {
  const command = query.getAll('command');
  const child = runtime.open(container, command, query.get('tty') === 'true');
  if ('failed' in child) {
    await send(socket, channel.error, JSON.stringify({ metadata: {}, status: 'Failure', reason: 'InternalError', message: child.failed, code: 500 }));
    return socket.close(1000);
  }
  socket.on('message', (data: Buffer) => {
    if (data[0] === channel.stdin) child.stdin.write(data.subarray(1));
    else if (data[0] === channel.close && data[1] === channel.stdin) child.stdin.end();
  });
  child.stdin.on('error', () => undefined);
  if (query.get('stdin') !== 'true') child.stdin.end();
  socket.on('close', () => child.kill());
  const [exitCode] = await Promise.all([child.ended, pump(child.stdout, socket, channel.stdout), pump(child.stderr, socket, channel.stderr)]);
  await send(socket, channel.error, JSON.stringify(exitStatus(exitCode)));
  socket.close(1000);
}

async function pump(from: Readable, socket: WebSocket, to: number): Promise<void> {
  try {
    for await (const chunk of from) await send(socket, to, chunk as Buffer);
  } catch {
    // The command was killed: its end says so.
  }
}

/** What a container writes from now on. Its standard input is not open. */
export async function attachStream(socket: WebSocket, container: RuntimeContainer, clock: Clock): Promise<void> {
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  if (container.logFile !== undefined) {
    const query = { follow: true, previous: false, timestamps: false, tailLines: 0 };
    for await (const piece of readLog(container.logFile, query, { startedAtMs: container.startedAtMs, ended: () => container.exit !== undefined, clock, signal: gone.signal })) await send(socket, channel.stdout, piece);
  }
  await send(socket, channel.error, JSON.stringify(exitStatus(container.exit?.exitCode ?? 0)));
  socket.close(1000);
}

/** Joins each asked-for port of a pod to two channels: data and errors, both opening with the port's number in two bytes, low first. */
export function portForwardStream(socket: WebSocket, worker: PodWorker, query: URLSearchParams): void {
  const ports = [...query.getAll('ports'), ...query.getAll('port')].flatMap((p) => p.split(',')).map(Number);
  const host = worker.place?.podIp ?? '127.0.0.1';
  const sockets = ports.map((port, i) => {
    const number = Buffer.alloc(firstDataMessage);
    number.writeUInt16LE(port);
    void send(socket, 2 * i, number);
    void send(socket, 2 * i + 1, number);
    const far = net.connect({ host, port });
    far.on('data', (chunk) => {
      far.pause();
      void send(socket, 2 * i, chunk).then(() => far.resume());
    });
    far.on('error', (e) => void send(socket, 2 * i + 1, `cannot reach port ${port} of the pod: ${e.message}`));
    far.on('close', () => {
      if (sockets.every((s) => s.destroyed)) socket.close(1000);
    });
    return far;
  });
  socket.on('message', (data: Buffer) => {
    const index = data[0] ?? 0;
    if (index % 2 === 0) sockets[index / 2]?.write(data.subarray(1));
  });
  socket.on('close', () => {
    for (const far of sockets) far.destroy();
  });
}
