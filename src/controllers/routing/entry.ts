import type { PodRouterProvider, RouterSpec, RouterStatus } from '../../api/router/router.ts';
import type { TellResult } from './traffic-provider.ts';

/** What is to be done about the Gateways that users come through. `versions`: they choose among them; `routers`: they lead to the routers, which choose. */
export type EntryTask = 'versions' | 'routers' | 'withdraw' | 'nothing';

/** The routers of a Router as this pass found them. */
export interface RoutersSeen {
  readonly results: readonly TellResult[];
  /** Pods that are to become routers, and cannot be told yet. */
  readonly arriving: number;
  /** Ready endpoints of the routers' Service. */
  readonly entrances: number;
}

/** The kind of the router pods that are there, or still there; undefined: Gateways alone route. */
export function podKindOf({ provider, leaving }: RouterSpec): PodRouterProvider | undefined {
  if (provider !== 'gateway-api') return provider;
  return leaving === 'gateway-api' ? undefined : leaving;
}

/** Users lose no way in while the kind of a Router changes: what leaves goes on until what comes has been told, and is there for them. */
export function entryTask({ provider, leaving, gateway }: RouterSpec, status: RouterStatus | undefined): EntryTask {
  if (provider === 'gateway-api' || leaving === 'gateway-api') return 'versions';
  if (gateway !== undefined) return 'routers';
  return status?.gateways === undefined ? 'nothing' : 'withdraw';
}

/** Why what leaves still has to stay; undefined: what comes routes, and has room for everybody. */
export function takeoverWaitsFor({ provider }: RouterSpec, routers: RoutersSeen, gateways: readonly TellResult[]): string | undefined {
  const answers = provider === 'gateway-api' ? gateways : routers.results.filter((r) => r.outcome === 'told' || !r.terminating);
  const silent = answers.find((r) => r.outcome === 'failed');
  if (silent?.outcome === 'failed') return silent.message;
  if (answers.length === 0) return provider === 'gateway-api' ? 'no Gateway was asked yet' : 'no router pod runs yet';
  if (provider === 'gateway-api') return undefined;
  if (routers.arriving > 0) return `${routers.arriving} of the router pods do not run yet`;
  // A Service without them would send users nowhere.
  return routers.entrances < answers.length ? `${routers.entrances} of ${answers.length} routers are endpoints of their Service` : undefined;
}

/** Whether Gateways may still choose versions themselves: then a change counts only when they follow it too. */
export const chooseVersions = (task: EntryTask, status: RouterStatus | undefined): boolean =>
  task === 'versions' || (task === 'routers' && (status?.gateways ?? []).some((g) => g.to !== 'routers'));
