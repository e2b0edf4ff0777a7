import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { fieldsOf } from './http2-headers.ts';

/** A request of either protocol, and its answer. */
export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

const isHttp2 = (outgoing: Outgoing): outgoing is Http2ServerResponse => 'stream' in outgoing;

/** Raw names and values without pseudo-headers; the authority is the host. */
export function rawHeadersOf(incoming: Incoming): string[] {
  if (!('stream' in incoming)) return incoming.rawHeaders;
  const raw = incoming.rawHeaders;
  const headers: string[] = incoming.authority ? ['Host', incoming.authority] : [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!name.startsWith(':') && !(name === 'host' && headers.length > 0)) headers.push(name, raw[i + 1] ?? '');
  }
  return headers;
}

/** False: the head says that there is none. */
export function hasBody(incoming: Incoming): boolean {
  if ('stream' in incoming) return !incoming.stream.endAfterHeaders;
  return incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
}

/** The connection ends after this answer. */
export function endConnection(outgoing: Outgoing): void {
  if (!isHttp2(outgoing)) outgoing.shouldKeepAlive = false;
}

export function writeHead(outgoing: Outgoing, status: number, message: string, headers: readonly string[]): void {
  if (isHttp2(outgoing)) outgoing.writeHead(status, fieldsOf(headers));
  else outgoing.writeHead(status, message, headers as string[]);
}

/** Names and values in turn. */
export function addTrailers(outgoing: Outgoing, raw: readonly string[]): void {
  if (raw.length === 0) return;
  if (isHttp2(outgoing)) return outgoing.addTrailers(fieldsOf(raw));
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? '']);
  outgoing.addTrailers(pairs);
}

/** Cuts the answer, so that the client knows it is not whole. */
export function cut(outgoing: Outgoing): void {
  if (isHttp2(outgoing)) outgoing.stream.destroy();
  else outgoing.destroy();
}
