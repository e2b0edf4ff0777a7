import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { datagramListener } from './datagram-listener.ts';
import type { ProxyRule } from './proxy-rules.ts';
import { serviceListener, type ServiceListener } from './service-listener.ts';

const RETRY_MS = 5_000;

/** Keeps one listener for each rule. */
export interface ServiceProxy {
  update(rules: readonly ProxyRule[]): Promise<void>;
  close(): void;
}

/** A rule whose address and port cannot be listened on. */
export interface UnboundPort {
  readonly rule: ProxyRule;
  /** For a condition: `PermissionDenied`, `PortInUse`, `AddressNotLocal` or `NotBound`. */
  readonly reason: string;
  /** With what to do. */
  readonly message: string;
}

/** @param told called after each look with all ports that could not be opened */
export function serviceProxy(clock: Clock, log: Logger, told: (unbound: readonly UnboundPort[]) => void): ServiceProxy {
  const listeners = new Map<string, ServiceListener>();
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
    const unbound: UnboundPort[] = [];
    await Promise.all(
      [...wanted.values()].map(async (rule) => {
        if (closed || listeners.has(rule.listen)) return;
        try {
          const listener = await (rule.protocol === 'UDP' ? datagramListener : serviceListener)(rule, clock);
          listeners.set(rule.listen, listener);
          const latest = wanted.get(rule.listen);
          if (latest !== undefined) listener.update(latest);
          log.debug({ listen: rule.listen, namespace: rule.namespace, name: rule.service }, 'Service port open');
        } catch (error) {
          unbound.push(unboundPort(rule, error));
        }
      }),
    );
    cancelRetry?.();
    if (!closed) told(unbound);
    if (unbound.length > 0 && !closed) cancelRetry = clock.after(RETRY_MS, () => void (working = working.then(bring)));
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

function unboundPort(rule: ProxyRule, error: unknown): UnboundPort {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const [reason, wayOut] = wayOuts[code] ?? ['NotBound', undefined];
  const where = `Cannot listen on ${rule.listen} (${code})`;
  return { rule, reason, message: wayOut === undefined ? where : `${where}: ${wayOut}` };
}

const wayOuts: Readonly<Record<string, readonly [string, string]>> = {
  EACCES: ['PermissionDenied', 'ports below 1024 need root; give the Service a port of 1024 or more'],
  EADDRINUSE: ['PortInUse', "another program holds the port, on this address or on 0.0.0.0; stop it or change the Service's port"],
  EADDRNOTAVAIL: ['AddressNotLocal', 'the address is not local; use a loopback range, or run as root so that its range gets a local route'],
};
