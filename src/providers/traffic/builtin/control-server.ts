import { createServer, type TLSSocket } from 'node:tls';
import type { RouterStats, Traffic } from '../../../controllers/routing/traffic-provider.ts';

/** One JSON line asks, one answers. */
export type ControlRequest =
  | { readonly command: 'show' }
  /** `switchAt`: what the answer's `switchAt` becomes. */
  | { readonly command: 'set'; readonly traffic: Traffic; readonly switchAt?: number }
  | { readonly command: 'ready' }
  | { readonly command: 'stats' };

export interface ControlState {
  readonly traffic?: Traffic;
  readonly ready: boolean;
  /** When the routes last changed while it was ready, milliseconds since the epoch; 0: never. */
  readonly switchAt: number;
}

export type ControlAnswer = { readonly state: ControlState } | { readonly stats: RouterStats } | { readonly error: string };

const IDLE_LIMIT_MS = 60_000;
const REQUEST_LIMIT_BYTES = 4_000_000;

export interface ControlServerOptions {
  readonly address: string;
  readonly port: number;
  readonly ca: string;
  /** Certificate and key. */
  readonly pem: string;
  answer(request: ControlRequest): ControlAnswer;
}

export interface ControlServer {
  /** Takes no more commands, from whoever is connected either. */
  close(): void;
}

/** Takes commands from holders of a client certificate of the router's own CA. @throws the bind error */
export async function startControlServer({ address, port, ca, pem, answer }: ControlServerOptions): Promise<ControlServer> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ca, cert: pem, key: pem, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    let text = '';
    socket.setTimeout(IDLE_LIMIT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.length > REQUEST_LIMIT_BYTES) return void socket.destroy();
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        socket.write(`${JSON.stringify(answerLine(text.slice(0, end), answer))}\n`);
        text = text.slice(end + 1);
      }
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function answerLine(line: string, answer: ControlServerOptions['answer']): ControlAnswer {
  try {
    return answer(JSON.parse(line) as ControlRequest);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
