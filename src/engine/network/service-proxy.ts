import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ProxyRule } from './proxy-rules.ts';
import { serviceListener, type ServiceListener } from './service-listener.ts';

const RETRY_MS = 5_000;

/** Keeps one listener for each rule. */
export interface ServiceProxy {
  update(rules: readonly ProxyRule[]): Promise<void>;
  close(): void;
}

/** @param unbound called once for each rule whose address and port cannot be listened on, with what to do */
export function serviceProxy(clock: Clock, log: Logger, unbound: (rule: ProxyRule, message: string) => void): ServiceProxy {
  const listeners = new Map<string, ServiceListener>();
  const told = new Set<string>();
  let wanted = new Map<string, ProxyRule>();
  let working = Promise.resolve();
  let cancelRetry: (() => void) | undefined;
  let closed = false;

  const bring = async () => {
    for (const [listen, listener] of listeners) {
      if (wanted.has(listen)) continue;
      listener.close();
      listeners.delete(listen);
    }
    for (const listen of told) if (!wanted.has(listen)) told.delete(listen);
    let failed = false;
    await Promise.all(
      [...wanted.values()].map(async (rule) => {
        if (closed || listeners.has(rule.listen)) return;
        try {
          const listener = await serviceListener(rule, clock);
          listeners.set(rule.listen, listener);
          const latest = wanted.get(rule.listen);
          if (latest !== undefined) listener.update(latest);
          told.delete(rule.listen);
          log.debug({ listen: rule.listen, namespace: rule.namespace, name: rule.service }, 'Service port open');
        } catch (error) {
          failed = true;
          if (told.has(rule.listen)) return;
          told.add(rule.listen);
          unbound(rule, bindMessage(rule, error));
        }
      }),
    );
    cancelRetry?.();
    if (failed && !closed) cancelRetry = clock.after(RETRY_MS, () => void (working = working.then(bring)));
  };

  return {
    update(rules) {
      wanted = new Map(rules.map((r) => [r.listen, r]));
      // Targets change at once; opening ports may wait its turn.
      for (const rule of rules) listeners.get(rule.listen)?.update(rule);
      return (working = working.then(bring));
    },
    close() {
      closed = true;
      cancelRetry?.();
      for (const listener of listeners.values()) listener.destroy();
      listeners.clear();
    },
  };
}

function bindMessage(rule: ProxyRule, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const where = `Cannot listen on ${rule.listen} (${code})`;
  if (code === 'EACCES') return `${where}: ports below 1024 need root; give the Service a port of 1024 or more`;
  if (code === 'EADDRINUSE') return `${where}: another program holds the port, on this address or on 0.0.0.0; stop it or change the Service's port`;
  if (code === 'EADDRNOTAVAIL') return `${where}: the address is not local; use a loopback range, or run as root with a local route to the range`;
  return where;
}
