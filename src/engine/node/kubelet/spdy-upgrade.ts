import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../runtime/clock.ts';
import { spdyStreams, type RemoteStreams } from './remote-streams.ts';
import { SpdySession, type SpdyStream } from './spdy/session.ts';

/** Newest first. The older ones tell a command's end in plain text, which no client of today needs. */
const commandProtocols = ['v4.channel.k8s.io'] as const;
const openWithinMs = 30_000;

export const wantsSpdy = (request: IncomingMessage): boolean => /^spdy\/3\.1$/i.test(request.headers.upgrade ?? '');

/** Answers an upgrade to SPDY/3.1. Returns false, having refused, where no stream protocol is shared. */
export function acceptSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, protocols: readonly string[] = commandProtocols): boolean {
  const offered = (request.headers['x-stream-protocol-version'] ?? '').toString().split(',').map((p) => p.trim());
  const protocol = protocols.find((p) => offered.includes(p));
  if (protocol === undefined) {
    socket.end(`HTTP/1.1 403 Forbidden\r\n${protocols.map((p) => `X-Accepted-Stream-Protocol-Versions: ${p}\r\n`).join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    return false;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return true;
}

/** Waits for the streams that the query speaks of. Undefined where the client is gone or does not open them in time. */
export function openedStreams(socket: Duplex, query: URLSearchParams, clock: Clock): Promise<RemoteStreams | undefined> {
  const asked = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
  const terminal = asked('tty');
  const wanted = new Set(['error', ...(asked('stdin') || asked('input') ? ['stdin'] : []), ...(asked('stdout') || asked('output') ? ['stdout'] : []), ...((asked('stderr') || asked('error')) && !terminal ? ['stderr'] : []), ...(terminal ? ['resize'] : [])]);
  return new Promise((resolve) => {
    const byType = new Map<string, SpdyStream>();
    const session = new SpdySession(socket, (stream) => {
      byType.set(stream.headers['streamtype'] ?? '', stream);
      if ([...wanted].every((type) => byType.has(type))) {
        cancel();
        resolve(spdyStreams(session, byType));
      }
    });
    const cancel = clock.after(openWithinMs, () => session.close());
    void session.ended.then(() => {
      cancel();
      resolve(undefined);
    });
  });
}
