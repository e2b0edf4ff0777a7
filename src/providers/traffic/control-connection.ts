import { connect, type TLSSocket } from 'node:tls';
import type { ControlCredentials, RouterPod } from '../../controllers/routing/traffic-provider.ts';
import { ROUTER_SERVER_NAME } from './control-certificates.ts';
import { CONTROL_PORT } from './router-layout.ts';

/** A conversation with one router over mutual TLS: one question at a time. */
export interface ControlSession {
  /** What was answered, as latin1. @param whole says whether the answer so far is all of it. @throws when the router goes away, or the session's signal aborts */
  ask(text: string, whole: (answer: string) => boolean): Promise<string>;
  close(): void;
}

/** Resolves at once; a router that cannot be reached makes the first question fail. */
export function openSession(pod: RouterPod, credentials: ControlCredentials, signal: AbortSignal): ControlSession {
  const where = `router ${pod.name} at ${pod.address}:${CONTROL_PORT}`;
  const socket: TLSSocket = connect({
    host: pod.address, port: CONTROL_PORT, servername: ROUTER_SERVER_NAME, ca: credentials.ca, cert: credentials.certificate, key: credentials.key, minVersion: 'TLSv1.3',
  });
  socket.setNoDelay(true);
  let failure: Error | undefined;
  let current: { readonly chunks: string[]; readonly whole: (answer: string) => boolean; readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    current?.reject(failure);
    current = undefined;
  };
  const aborted = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  signal.addEventListener('abort', aborted, { once: true });
  if (signal.aborted) aborted();
  socket.on('error', (cause) => fail(new Error(`Cannot tell ${where}: ${cause.message}`, { cause })));
  socket.once('close', () => {
    signal.removeEventListener('abort', aborted);
    fail(new Error(`Cannot tell ${where}: it closed the connection before it answered`));
  });
  socket.on('data', (chunk: Buffer) => {
    if (current === undefined) return;
    current.chunks.push(chunk.toString('latin1'));
    const answer = current.chunks.join('');
    if (!current.whole(answer)) return;
    const { resolve } = current;
    current = undefined;
    resolve(answer);
  });
  return {
    ask: (text, whole) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        current = { chunks: [], whole, resolve, reject };
        socket.write(text);
      }),
    close: () => void socket.destroy(),
  };
}
