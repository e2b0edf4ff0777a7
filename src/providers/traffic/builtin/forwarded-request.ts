import type { RoutedRequest } from '../decision.ts';
import { REMOVED_GROUP, TRAFFIC_GROUP } from '../router-layout.ts';
import { type Incoming, rawHeadersOf } from './client-side.ts';
import type { ProxyOptions } from './proxy.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'upgrade', 'http2-settings', 'expect']);
const EDGE_OWNED = new Set([TRAFFIC_GROUP.toLowerCase(), 'x-forwarded-for']);

/** What decides where a request goes. */
export function routedRequest({ layout, identify, segments }: ProxyOptions, incoming: Incoming): RoutedRequest {
  const raw = rawHeadersOf(incoming);
  const { user, segment } = identify({ header: (name) => headerValues(raw, name), address: incoming.socket.remoteAddress ?? '' });
  const groups = headerValues(raw, TRAFFIC_GROUP.toLowerCase());
  const known = user === undefined ? {} : { user };
  if (!layout.edge) return { groups, ...known };
  if (groups.length > 0) countGroup(segments, REMOVED_GROUP);
  return { groups: [], segment: segment ?? layout.defaultSegment, ...known };
}

export const countGroup = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);

/** Values of one header, each whole, repeated ones apart. */
function headerValues(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) values.push(raw[i + 1] ?? '');
  return values;
}

/** Headers as the server gets them: names and values in turn. */
export function forwardedHeaders({ layout: { edge } }: ProxyOptions, incoming: Incoming, segment: string): string[] {
  const headers = endToEnd(rawHeadersOf(incoming), edge ? EDGE_OWNED : undefined);
  if (edge) headers.push(TRAFFIC_GROUP, segment);
  headers.push('X-Forwarded-For', incoming.socket.remoteAddress ?? '');
  if (incoming.headers['x-forwarded-proto'] === undefined) headers.push('X-Forwarded-Proto', 'http');
  if (incoming.headers['x-forwarded-host'] === undefined) headers.push('X-Forwarded-Host', incoming.headers.host ?? incoming.headers[':authority']?.toString() ?? '');
  return headers;
}

/** Raw headers without those of one connection only (RFC 9110, 7.6.1). Transfer-Encoding stays: it tells Node how to frame. */
export function endToEnd(raw: readonly string[], also?: ReadonlySet<string>): string[] {
  const named = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === 'connection') for (const name of (raw[i + 1] ?? '').split(',')) named.add(name.trim().toLowerCase());
  // Not of one connection, whatever a client says.
  named.delete('te');
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase() ?? '';
    if (!HOP_BY_HOP.has(name) && !named.has(name) && also?.has(name) !== true) kept.push(raw[i] ?? '', raw[i + 1] ?? '');
  }
  return kept;
}
