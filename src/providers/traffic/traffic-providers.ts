import type { PodRouterProvider } from '../../api/router/router.ts';
import type { TrafficProvider } from '../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../runtime/clock.ts';
import { builtinProvider } from './builtin/provider.ts';
import type { OpenSession } from './control-connection.ts';
import { haproxyProvider } from './haproxy/provider.ts';
import { simulatedProvider } from './simulated.ts';

/** Every kind of router there is. @param open how a conversation with one begins */
export function trafficProviders(clock: Clock, open?: OpenSession): Readonly<Record<PodRouterProvider, TrafficProvider>> {
  return { haproxy: haproxyProvider(clock, open), builtin: builtinProvider(clock, open) };
}

/** For clusters whose pods are simulated. */
export function simulatedProviders(clock: Clock): Readonly<Record<PodRouterProvider, TrafficProvider>> {
  const provider = simulatedProvider(clock);
  return { haproxy: provider, builtin: provider };
}
