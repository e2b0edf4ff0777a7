import { connect, createServer, type Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import type { ProxyRule, Target } from './proxy-rules.ts';

const CONNECT_TIMEOUT_MS = 3_000;
/** A target that refused is passed over this long while others are there. */
const REFUSED_MS = 1_000;

/** A TCP listener whose targets may change at any time; connections that are open stay where they are. */
export interface ServiceListener {
  update(rule: ProxyRule): void;
  /** Stops listening; open connections go on. */
  close(): void;
  /** Cuts open connections too. */
  destroy(): void;
}

/** @throws the bind error (`EACCES`, `EADDRINUSE`, `EADDRNOTAVAIL`) */
export async function serviceListener(first: ProxyRule, clock: Clock): Promise<ServiceListener> {
  let rule = first;
  let turn = 0;
  const refusedUntil = new Map<string, number>();
  const sticky = new Map<string, { target: string; until: number }>();
  const sockets = new Set<Socket>();

  /** Targets in the order to try. */
  const candidates = (client: string): Target[] => {
    const now = clock.now();
    const { targets, affinityMs } = rule;
    const at = targets.length === 0 ? 0 : turn++ % targets.length;
    const order = [...targets.slice(at), ...targets.slice(0, at)];
    const rank = (t: Target) => ((refusedUntil.get(name(t)) ?? 0) > now ? 1 : 0);
    if (refusedUntil.size > 0) order.sort((a, b) => rank(a) - rank(b));
    const kept = affinityMs === undefined ? undefined : sticky.get(client);
    if (kept !== undefined && kept.until > now) order.sort((a, b) => Number(name(b) === kept.target) - Number(name(a) === kept.target));
    return order;
  };

  const remember = (client: string, target: Target) => {
    if (rule.affinityMs === undefined) return;
    const now = clock.now();
    if (sticky.size > 10_000) for (const [key, value] of sticky) if (value.until <= now) sticky.delete(key);
    sticky.set(client, { target: name(target), until: now + rule.affinityMs });
  };

  const accept = (client: Socket) => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    client.setNoDelay(true);
    const address = client.remoteAddress ?? '';
    const rest = candidates(address);
    const tryNext = () => {
      const target = rest.shift();
      if (target === undefined || client.destroyed) {
        if (!client.destroyed) client.resetAndDestroy();
        return;
      }
      const upstream = connect({ host: target.address, port: target.port, allowHalfOpen: true, noDelay: true });
      const timer = setTimeout(() => upstream.destroy(new Error('connect timed out')), CONNECT_TIMEOUT_MS);
      const gone = () => upstream.destroy();
      client.once('close', gone);
      upstream.once('connect', () => {
        clearTimeout(timer);
        client.off('close', gone);
        upstream.off('error', refused);
        refusedUntil.delete(name(target));
        remember(address, target);
        join(client, upstream, sockets);
      });
      // Nothing of the request was read yet (pauseOnConnect), so another target gets all of it.
      const refused = () => {
        clearTimeout(timer);
        client.off('close', gone);
        refusedUntil.set(name(target), clock.now() + REFUSED_MS);
        tryNext();
      };
      upstream.once('error', refused);
    };
    tryNext();
  };

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: rule.address, port: rule.port, backlog: 1024, exclusive: true, reusePort: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined);

  return {
    update(next) {
      rule = next;
      const known = new Set(next.targets.map(name));
      for (const key of refusedUntil.keys()) if (!known.has(key)) refusedUntil.delete(key);
      for (const [key, value] of sticky) if (!known.has(value.target)) sticky.delete(key);
    },
    close: () => void server.close(),
    destroy() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const name = (t: Target): string => `${t.address}:${t.port}`;

/** Both directions with backpressure; an end passes on as an end, an error as a reset. */
function join(client: Socket, upstream: Socket, sockets: Set<Socket>): void {
  sockets.add(upstream);
  upstream.once('close', () => sockets.delete(upstream));
  const reset = () => {
    if (!client.destroyed) client.resetAndDestroy();
    if (!upstream.destroyed) upstream.resetAndDestroy();
  };
  client.on('error', reset);
  upstream.on('error', reset);
  client.once('close', () => {
    if (!client.readableEnded || !upstream.writableFinished) upstream.destroy();
  });
  upstream.once('close', () => {
    if (!upstream.readableEnded) client.destroy();
  });
  client.pipe(upstream);
  upstream.pipe(client);
}
