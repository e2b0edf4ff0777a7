import type { RouterStats, Traffic, TrafficProvider } from '../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../runtime/clock.ts';

interface SimulatedRouter {
  readonly traffic: Traffic;
  readonly routes: string;
  readonly lastSwitchAt: number;
}

/**
 * Routers of pods that run nothing: what each was told is kept in memory and read back from there, so that releases go their whole way at any
 * scale. No request can be sent to one; after a restart of the control plane each is told anew.
 */
export function simulatedProvider(clock: Clock): TrafficProvider {
  /** By pod address. */
  const routers = new Map<string, SimulatedRouter>();
  return {
    async tell({ address }, _, traffic, signal, atSwitch) {
      const before = routers.get(address);
      const routes = JSON.stringify([traffic.routes, traffic.production]);
      const switches = before !== undefined && before.routes !== routes;
      if (switches) await atSwitch?.();
      signal.throwIfAborted();
      const now = clock.now();
      const changed = JSON.stringify(before?.traffic) !== JSON.stringify(traffic);
      routers.set(address, { traffic, routes, lastSwitchAt: switches || before === undefined ? now : before.lastSwitchAt });
      return { observedAt: now, lastSwitchAt: routers.get(address)?.lastSwitchAt ?? now, changed };
    },
    stats: ({ address }) => Promise.resolve<RouterStats>({ backends: (routers.get(address)?.traffic.backends ?? []).map((b) => ({ backend: b.name, total: 0, errors: 0, latency: {} })), groups: {} }),
    forget: ({ address }) => { routers.delete(address); },
  };
}
