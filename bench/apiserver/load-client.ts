import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Keeps `connections` requests in flight over HTTP/1.1 and TLS, for `seconds` or, with `once`, until each was sent. Nothing but sockets and
 * a scan for the end of each answer; the same for every server.
 */
export async function load(target: Target, requests: readonly LoadRequest[], { connections, seconds, once: eachOnce = false }: { readonly connections: number; readonly seconds: number; readonly once?: boolean }): Promise<LoadResult> {
  const started = performance.now();
  const until = started + seconds * 1_000;
  const times: number[] = [];
  let n = 0, failed = 0;
  const next = (): LoadRequest | undefined => {
    if (performance.now() >= until || (eachOnce && n >= requests.length)) return undefined;
    const request = requests[n % requests.length] as LoadRequest;
    const serial = `0-${n++}`;
    return { ...request, path: request.path.replaceAll('@N@', serial), ...(request.body !== undefined && { body: request.body.replaceAll('@N@', serial) }) };
  };
  const worker = async (): Promise<void> => {
    const socket = await open(target);
    const reader = new AnswerReader(socket);
    for (let request = next(); request !== undefined; request = next()) {
      const at = performance.now();
      socket.write(wire(target, request));
      const status = await reader.next();
      if (status >= 200 && status < 300) times.push(performance.now() - at);
      else failed++;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const took = (performance.now() - started) / 1_000;
  times.sort((a, b) => a - b);
  return { perSecond: times.length / took, requests: times.length + failed, failed, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** Of a sorted list, to hundredths. */
export const quantile = (sorted: readonly number[], q: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN).toFixed(2));

/** One request; the status and the body, for what is not measured. */
export async function once(target: Target, request: LoadRequest): Promise<{ status: number; body: string }> {
  const socket = await open(target);
  const reader = new AnswerReader(socket, true);
  socket.write(wire(target, request));
  const status = await reader.next();
  socket.destroy();
  return { status, body: reader.body };
}

export function open({ host, port }: Target): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

export function wire({ host, port, token }: Target, { method, path, body, contentType = 'application/json', accept = 'application/json' }: LoadRequest): string {
  const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: ${accept}\r\n`;
  return body === undefined ? `${head}\r\n` : `${head}Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** Finds the end of one answer at a time; requests are never pipelined, so what follows is nothing. */
class AnswerReader {
  readonly #keep: boolean;
  #resolve: (status: number) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #head: Buffer | undefined;
  #status = 0;
  #chunked = false;
  #left = 0;
  #tail: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  constructor(socket: TLSSocket, keep = false) {
    this.#keep = keep;
    socket.on('data', (data: Buffer) => this.#take(data));
    socket.on('error', (error) => this.#reject(error));
    socket.on('close', () => this.#reject(new Error('The server closed the connection')));
  }

  next(): Promise<number> {
    this.#parts = [];
    return new Promise((resolve, reject) => { this.#resolve = resolve; this.#reject = reject; });
  }

  get body(): string {
    const text = Buffer.concat(this.#parts).toString();
    return this.#chunked ? text.replaceAll(/(^|\r\n)[0-9a-f]+\r\n/gi, '').replace(/\r\n$/, '') : text;
  }

  #take(data: Buffer): void {
    let rest = data;
    if (this.#left === 0 && !this.#chunked || this.#head !== undefined) {
      const all = this.#head === undefined ? data : Buffer.concat([this.#head, data]);
      const end = all.indexOf(END_OF_HEAD);
      if (end < 0) { this.#head = all; return; }
      this.#head = undefined;
      const head = all.toString('latin1', 0, end);
      this.#status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      this.#chunked = length === undefined;
      this.#left = Number(length ?? 0);
      rest = all.subarray(end + 4);
      if (!this.#chunked && this.#left === 0) { this.#finish(); return; }
    }
    if (this.#keep) this.#parts.push(rest);
    if (this.#chunked) {
      this.#tail = rest.length >= LAST_CHUNK.length ? rest.subarray(-LAST_CHUNK.length) : Buffer.concat([this.#tail, rest]).subarray(-LAST_CHUNK.length);
      if (this.#tail.equals(LAST_CHUNK)) this.#finish();
    } else {
      this.#left -= rest.length;
      if (this.#left <= 0) this.#finish();
    }
  }

  #finish(): void {
    const status = this.#status;
    this.#left = 0;
    if (!this.#keep) this.#chunked = false;
    this.#tail = Buffer.alloc(0);
    this.#resolve(status);
  }
}
