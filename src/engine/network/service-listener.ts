import { connect, createServer, type Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import type { ProxyRule } from './proxy-rules.ts';
import { TargetChoice } from './target-choice.ts';

const CONNECT_TIMEOUT_MS = 3_000;
/** A listener whose targets may change at any time; connections that are open stay where they are. */
export interface ServiceListener {
  update(rule: ProxyRule): void;
  /** Stops listening; open connections go on. */
  close(): void;
  /** Cuts open connections too. */
  destroy(): void;
}

/** @throws the bind error (`EACCES`, `EADDRINUSE`, `EADDRNOTAVAIL`) */
export async function serviceListener(first: ProxyRule, clock: Clock): Promise<ServiceListener> {
  const choice = new TargetChoice(first, clock);
  const sockets = new Set<Socket>();

  const accept = (client: Socket) => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    client.setNoDelay(true);
    const address = client.remoteAddress ?? '';
    const rest = choice.candidates(address);
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
        choice.served(address, target);
        join(client, upstream, sockets);
      });
      // Nothing of the request was read yet (pauseOnConnect), so another target gets all of it.
      const refused = () => {
        clearTimeout(timer);
        client.off('close', gone);
        choice.refused(target);
        tryNext();
      };
      upstream.once('error', refused);
    };
    tryNext();
  };

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: first.address, port: first.port, backlog: 1024, exclusive: true, reusePort: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined);

  return {
    update: (rule) => choice.update(rule),
    close: () => void server.close(),
    destroy() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

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
