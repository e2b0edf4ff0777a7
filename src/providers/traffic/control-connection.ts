import { connect, type TLSSocket } from 'node:tls';
import type { ControlCredentials, RouterPod } from '../../controllers/routing/traffic-provider.ts';
import { ROUTER_SERVER_NAME } from './control-certificates.ts';
import { CONTROL_PORT } from './router-layout.ts';

/** A connection to one router over mutual TLS: one question at a time. */
export interface ControlSession {
  /** A conversation begins: it ends with the connection when `signal` aborts. Returns what ends it while the connection stays. */
  begin(signal: AbortSignal): () => void;
  /** What was answered, as latin1. @param whole says whether the answer so far is all of it. @throws when the router goes away, or the conversation's signal aborts */
  ask(text: string, whole: (answer: string) => boolean): Promise<string>;
  /** Something was answered in the conversation that runs. */
  answered(): boolean;
  /** Calls once the connection is gone, whoever closed it. */
  onClosed(call: () => void): void;
  close(): void;
}

export type OpenSession = (pod: RouterPod, credentials: ControlCredentials) => ControlSession;

/** Resolves at once; a router that cannot be reached makes the first question fail. An open connection keeps no process alive between conversations. */
export function openSession(pod: RouterPod, credentials: ControlCredentials): ControlSession {
  const where = `router ${pod.name} at ${pod.address}:${CONTROL_PORT}`;
  const socket: TLSSocket = connect({
    host: pod.address, port: CONTROL_PORT, servername: ROUTER_SERVER_NAME, ca: credentials.ca, cert: credentials.certificate, key: credentials.key, minVersion: 'TLSv1.3',
  });
  socket.setNoDelay(true);
  let failure: Error | undefined;
  let answered = false;
  let current: { text: string; readonly whole: (answer: string) => boolean; readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    current?.reject(failure);
    current = undefined;
  };
  socket.on('error', (cause) => fail(new Error(`Cannot tell ${where}: ${cause.message}`, { cause })));
  socket.once('close', () => fail(new Error(`Cannot tell ${where}: it closed the connection before it answered`)));
  socket.on('data', (chunk: Buffer) => {
    if (current === undefined) return;
    answered = true;
    current.text += chunk.toString('latin1');
    const answer = current.text;
    if (!current.whole(answer)) return;
    const { resolve } = current;
    current = undefined;
    resolve(answer);
  });
  return {
    begin(signal) {
      answered = false;
      socket.ref();
      const aborted = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) aborted();
      return () => {
        signal.removeEventListener('abort', aborted);
        socket.unref();
      };
    },
    ask: (text, whole) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        current = { text: '', whole, resolve, reject };
        socket.write(text);
      }),
    answered: () => answered,
    onClosed: (call) => void socket.once('close', call),
    close: () => void socket.destroy(),
  };
}
