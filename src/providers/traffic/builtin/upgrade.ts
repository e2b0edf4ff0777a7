import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { decide } from '../decision.ts';
import { REASON_HEADER } from '../router-layout.ts';
import type { PoolServer } from './backend-pool.ts';
import { countGroup, forwardedHeaders, routedRequest } from './forwarded-request.ts';
import { MAX_TRIES, type ProxyOptions } from './proxy.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const STATUS = /^HTTP\/1\.[01] (\d{3}) /;

/** WebSocket and other upgrades: the server's answer and all that follows passes through as it is. */
export function forwardUpgrade(options: ProxyOptions, incoming: IncomingMessage, client: Socket, head: Buffer): void {
  const { pool } = options;
  const began = options.elapsedMs();
  client.on('error', () => client.destroy());
  const routed = routedRequest(options, incoming);
  const decision = decide(routed, options.routing);
  countGroup(options.segments, decision.segment);
  const backend = decision.type === 'forward' ? decision.backend : undefined;
  const tried = new Set<PoolServer>();
  let server: PoolServer | undefined;
  let status = 503;
  let ms = -1;
  client.once('close', () => {
    if (backend !== undefined) pool.count(backend, status >= 500);
    options.log.add({
      at: options.now(), method: incoming.method, url: incoming.url, status, ms, totalMs: Math.round(options.elapsedMs() - began), segment: decision.segment, bucket: decision.bucket, user: routed.user,
      backend: backend === undefined ? undefined : pool.told(backend), server: server?.id ?? '-', retries: Math.max(0, tried.size - 1), whole: true,
    });
  });
  const fail = (): void => void client.end(`HTTP/1.1 503 Service Unavailable\r\n${REASON_HEADER}: ${decision.type === 'refuse' ? decision.reason : 'NoServer'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const tryNext = (): void => {
    server = backend !== undefined && tried.size < MAX_TRIES ? pool.pick(backend, tried) : undefined;
    if (server === undefined) return fail();
    const target = server;
    tried.add(target);
    const upstream = connect({ host: target.address, port: target.port, noDelay: true });
    const timer = setTimeout(() => upstream.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
    const refused = (): void => {
      clearTimeout(timer);
      pool.refused(target);
      tryNext();
    };
    upstream.once('error', refused);
    upstream.once('connect', () => {
      clearTimeout(timer);
      upstream.off('error', refused);
      upstream.on('error', () => client.destroy());
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.end());
      upstream.once('data', (answer: Buffer) => {
        status = Number(STATUS.exec(answer.toString('latin1', 0, 20))?.[1] ?? 502);
        ms = Math.round(options.elapsedMs() - began);
        if (backend !== undefined) pool.answered(backend, Math.round((options.elapsedMs() - began) * 1000));
      });
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      const headers = forwardedHeaders(options, incoming, decision.segment);
      for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
      lines.push(`Connection: Upgrade`, `Upgrade: ${incoming.headers.upgrade ?? ''}`);
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      if (head.length > 0) upstream.write(head);
      client.pipe(upstream);
      upstream.pipe(client);
    });
  };
  tryNext();
}
