import { type ClientHttp2Session, connect } from 'node:http2';

const CONNECT_TIMEOUT_MS = 2_000;

/** The HTTP/2 connection to one server: one at a time, made when needed, and anew when it went away. */
export class Http2Sessions {
  readonly #origin: string;
  #session: ClientHttp2Session | undefined;
  #connected: Promise<void> = Promise.resolve();

  constructor(address: string, port: number) {
    this.#origin = `http://${address}:${port}`;
  }

  /** The one that is open; call after {@link connected}. */
  get(): ClientHttp2Session {
    const session = this.#session;
    return session === undefined || session.closed || session.destroyed ? this.#open() : session;
  }

  /** Rejects when the server does not accept a connection in time. */
  connected(): Promise<void> {
    this.get();
    return this.#connected;
  }

  /** What runs on it finishes. */
  close(): void {
    this.#session?.close();
  }

  destroy(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    const session = connect(this.#origin, { maxSessionMemory: 64 });
    const gone = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on('error', gone);
    session.once('goaway', gone);
    session.once('close', gone);
    this.#session = session;
    this.#connected = new Promise((resolve, reject) => {
      const timer = setTimeout(() => session.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
      session.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      session.once('close', () => {
        clearTimeout(timer);
        reject(new Error('not connected'));
      });
    });
    this.#connected.catch(() => undefined);
    return session;
  }
}
