import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import { StatusError } from '../../../client/status-error.ts';
import { internalError, statusOf } from '../api-error.ts';

/** Answers from this many bytes on are zipped where the client takes it. */
const gzipFromBytes = 128 * 1024;

/** Sends a whole JSON answer. */
export function replyJson(req: IncomingMessage, res: ServerResponse, code: number, body: Buffer, warnings: readonly string[] = [], contentType = 'application/json'): void {
  if (res.writableEnded || res.destroyed) return;
  const headers: Record<string, string | number | string[]> = { 'content-type': contentType, 'cache-control': 'no-cache, private' };
  if (warnings.length > 0) headers['warning'] = warnings.map(warningHeader);
  if (body.length >= gzipFromBytes && acceptsGzip(req)) {
    gzip(body, { level: 1 }, (error, zipped) => {
      if (res.destroyed) return;
      const sent = error === null ? zipped : body;
      if (error === null) headers['content-encoding'] = 'gzip';
      headers['content-length'] = sent.length;
      res.writeHead(code, headers).end(sent);
    });
    return;
  }
  headers['content-length'] = body.length;
  res.writeHead(code, headers);
  res.end(req.method === 'HEAD' ? undefined : body);
}

export function replyValue(req: IncomingMessage, res: ServerResponse, code: number, value: unknown, warnings: readonly string[] = []): void {
  replyJson(req, res, code, Buffer.from(JSON.stringify(value)), warnings);
}

export function replyText(res: ServerResponse, code: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  res.writeHead(code, { 'content-type': contentType, 'content-length': Buffer.byteLength(text), 'x-content-type-options': 'nosniff' }).end(text);
}

/** Sends any failure as a Status. After the head went out the connection is cut, as nothing else is left to say. */
export function replyError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const failure = error instanceof StatusError ? error : internalError(error);
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
