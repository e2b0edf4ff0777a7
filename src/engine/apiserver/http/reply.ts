import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { StatusError } from '../../../client/status-error.ts';
import { internalError, statusOf } from '../api-error.ts';
import { encodedValue } from './encodings.ts';

/** Answers from this many bytes on are zipped where the client takes it. */
const gzipFromBytes = 128 * 1024;

/** Sends a whole answer, JSON where nothing else is said. @param body its parts in order, or the one */
export function replyJson(req: IncomingMessage, res: ServerResponse, code: number, body: Buffer | readonly Buffer[], warnings: readonly string[] = [], contentType = 'application/json'): void {
  if (res.writableEnded || res.destroyed) return;
  const parts = Buffer.isBuffer(body) ? [body] : body;
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const headers: Record<string, string | number | string[]> = { 'content-type': contentType, 'cache-control': 'no-cache, private' };
  if (warnings.length > 0) headers['warning'] = warnings.map(warningHeader);
  if (bytes >= gzipFromBytes && acceptsGzip(req)) {
    const whole = joined(parts, bytes);
    gzip(whole, { level: 1 }, (error, zipped) => {
      if (res.destroyed) return;
      const sent = error === null ? zipped : whole;
      if (error === null) headers['content-encoding'] = 'gzip';
      headers['content-length'] = sent.length;
      res.writeHead(code, headers).end(sent);
    });
    return;
  }
  headers['content-length'] = bytes;
  res.writeHead(code, headers);
  if (req.method === 'HEAD') res.end();
  else if (bytes <= pieceBytes) res.end(joined(parts, bytes));
  else sendInPieces(res, piecesOf(parts));
}

/** A client that reads slowly holds one piece at a time. Larger ones are out of the processor's cache when they are sent; smaller ones cost a turn each,
 *  and with them half of the lists that a busy server answers (`npm run bench`). */
const pieceBytes = 1024 * 1024;

function sendInPieces(res: ServerResponse, pieces: Iterator<Buffer>): void {
  const next = (error?: Error | null): void => {
    if ((error !== undefined && error !== null) || res.destroyed) return;
    const { done, value } = pieces.next();
    if (done === true) res.end();
    else res.write(value, next);
  };
  next();
}

function* piecesOf(parts: readonly Buffer[]): Generator<Buffer, undefined> {
  let small: Buffer[] = [], bytes = 0;
  for (const part of parts) {
    if (bytes + part.length > pieceBytes && bytes > 0) {
      yield joined(small, bytes);
      small = [];
      bytes = 0;
    }
    if (part.length <= pieceBytes) {
      small.push(part);
      bytes += part.length;
    } else for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
  }
  if (bytes > 0) yield joined(small, bytes);
}

function joined(parts: readonly Buffer[], bytes: number): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, bytes);
}

/** Sends an object that is not stored as the client likes it best. */
export function replyValue(req: IncomingMessage, res: ServerResponse, code: number, value: object, warnings: readonly string[] = []): void {
  const { body, contentType } = encodedValue(req.headers.accept, value);
  replyJson(req, res, code, body, warnings, contentType);
}

export function replyText(res: ServerResponse, code: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  res.writeHead(code, { 'content-type': contentType, 'content-length': Buffer.byteLength(text), 'x-content-type-options': 'nosniff' }).end(text);
}

/** Sends any failure as a Status. After the head went out the connection is cut, as nothing else is left to say. */
export function replyError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const failure = error instanceof StatusError ? error : internalError(error);
  if (res.writableEnded) return;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (failure.code === 413) res.shouldKeepAlive = false;
  const retry = failure.details?.retryAfterSeconds;
  if (retry !== undefined) res.setHeader('retry-after', retry);
  if (failure.code === 401) res.setHeader('www-authenticate', 'Bearer realm="kubernetes"');
  replyValue(req, res, failure.code, statusOf(failure));
}

function acceptsGzip(req: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''));
}

/** RFC 7234 warn-code 299; the text is one quoted line. */
export function warningHeader(text: string): string {
  const line = text.replace(/[^\x20-\x7e]+/g, ' ').replace(/["\\]/g, '\\$&');
  return `299 - "${line}"`;
}
