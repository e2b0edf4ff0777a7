import type { RouterSpec } from '../../api/router/router.ts';
import type { TrafficProvider } from '../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../runtime/clock.ts';
import { builtinProvider } from './builtin/provider.ts';
import { haproxyProvider } from './haproxy/provider.ts';

/** Every kind of router there is. */
export function trafficProviders(clock: Clock): Readonly<Record<RouterSpec['provider'], TrafficProvider>> {
  return { haproxy: haproxyProvider(clock), builtin: builtinProvider(clock) };
}
