import { connect, type TLSSocket } from 'node:tls';
import type { ControlCredentials, RouterPod } from '../../controllers/routing/traffic-provider.ts';
import { ROUTER_SERVER_NAME } from './control-certificates.ts';
import { CONTROL_PORT } from './router-layout.ts';

/** One request over mutual TLS; everything that the router answers until it closes. @throws when it cannot be reached, or `signal` aborts first */
export function askRouter(pod: RouterPod, credentials: ControlCredentials, request: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(asError(signal.reason));
    const chunks: Buffer[] = [];
    const socket: TLSSocket = connect({
      host: pod.address, port: CONTROL_PORT, servername: ROUTER_SERVER_NAME, ca: credentials.ca, cert: credentials.certificate, key: credentials.key, minVersion: 'TLSv1.3',
    });
    const aborted = () => socket.destroy(asError(signal.reason));
    signal.addEventListener('abort', aborted, { once: true });
    socket.setNoDelay(true);
    socket.once('secureConnect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('error', (cause) => reject(new Error(`Cannot tell router ${pod.name} at ${pod.address}:${CONTROL_PORT}: ${cause.message}`, { cause })));
    socket.once('end', () => {
      resolve(Buffer.concat(chunks).toString('latin1'));
      socket.end();
    });
    socket.once('close', () => {
      signal.removeEventListener('abort', aborted);
      reject(new Error(`Router ${pod.name} at ${pod.address}:${CONTROL_PORT} closed the connection before it answered`));
    });
  });
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
