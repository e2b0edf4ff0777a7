import { constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader, type OutgoingHttpHeaders } from 'node:http2';
import type { UpstreamRequest } from './upstream.ts';

/** Headers of one HTTP/1 connection, which HTTP/2 forbids (RFC 9113, 8.2.2). */
const CONNECTION_ONLY = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings']);

/** Raw names and values as an HTTP/2 head takes them: repeated ones together, in their order. */
export function fieldsOf(raw: readonly string[], without: ReadonlySet<string> = CONNECTION_ONLY): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (name.startsWith(':') || without.has(name) || (name === 'te' && value !== 'trailers')) continue;
    const before = fields[name];
    fields[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return fields;
}

const WITHOUT_HOST = new Set([...CONNECTION_ONLY, 'host']);

export function requestHead({ method, path, headers }: Pick<UpstreamRequest, 'method' | 'path' | 'headers'>): OutgoingHttpHeaders {
  const host = headers[headers.findIndex((h, i) => i % 2 === 0 && h.toLowerCase() === 'host') + 1];
  return {
    [constants.HTTP2_HEADER_METHOD]: method, [constants.HTTP2_HEADER_PATH]: path, [constants.HTTP2_HEADER_SCHEME]: 'http',
    ...(host === undefined ? {} : { [constants.HTTP2_HEADER_AUTHORITY]: host }), ...fieldsOf(headers, WITHOUT_HOST),
  };
}

/** Status and headers of an answer, without pseudo-headers. */
export function answerHead(head: IncomingHttpHeaders & IncomingHttpStatusHeader, raw: readonly string[]): { status: number; message: string; headers: string[] } {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.startsWith(':') !== true) headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  return { status: head[':status'] ?? 502, message: '', headers };
}
