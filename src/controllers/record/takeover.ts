import type { DeliveryChange } from '../../api/delivery/delivery.ts';
import { TAKEN_OVER, type Router, type RouterSpec } from '../../api/router/router.ts';
import { routerName } from '../../api/names.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';

/** A change between routers and Gateways that is under way. */
export interface Takeover {
  /** What routed before, and goes on. */
  readonly leaving: RouterSpec['provider'];
  /** Gateways that the Application no longer names: the way that users still come. */
  readonly gateway?: RouterSpec['gateway'];
}

const byPods = (provider: RouterSpec['provider']): boolean => provider !== 'gateway-api';

/** Whether what routes now has to go on beside `provider`. Undefined: nothing has to, or it has been taken over. @param live the Router as it is */
export function takeoverOf(provider: RouterSpec['provider'], live: Router | undefined): Takeover | undefined {
  if (live === undefined) return undefined;
  const { provider: before, leaving: stillLeaving, gateway } = live.spec;
  // Who changes his mind before anything came of it goes back to what still routes.
  if (byPods(before) !== byPods(provider) && !hasRouted(live)) return undefined;
  // One kind of pods replaces the other pod by pod.
  const leaving = byPods(before) === byPods(provider) ? stillLeaving : before;
  if (leaving === undefined || byPods(leaving) === byPods(provider)) return undefined;
  if (leaving === stillLeaving && isTakenOver(live)) return undefined;
  return { leaving, ...(leaving === 'gateway-api' && gateway !== undefined ? { gateway } : {}) };
}

/** Whether anybody can come by what the Router names now. */
const hasRouted = ({ spec, status }: Router): boolean => (byPods(spec.provider) ? (status?.pods ?? []).length > 0 : (status?.gateways ?? []).some((g) => g.to !== 'routers'));

const isTakenOver = ({ metadata, status }: Router): boolean =>
  status?.conditions?.some((c) => c.type === TAKEN_OVER && c.status === 'True' && c.observedGeneration === metadata?.generation) ?? false;

/** Of the recorded specs the routers and what belongs to them: they stay as they are. */
export function tierOf(application: string, recorded: readonly KubernetesObject[]): KubernetesObject[] {
  return recorded.filter(({ kind, metadata }) => kind !== 'Router' && metadata?.name === routerName(application));
}

/** Why the record changes when what left is no longer rendered; undefined: it changes for another reason. */
export function farewellChange(live: Router | undefined, rendered: readonly KubernetesObject[]): DeliveryChange | undefined {
  const wanted = rendered.find((o) => o.kind === 'Router') as Router | undefined;
  if (live?.spec.leaving === undefined || wanted === undefined || wanted.spec.leaving !== undefined) return undefined;
  return { actor: 'aweigh', reason: TAKEN_OVER, message: `${live.spec.leaving} leaves, ${wanted.spec.provider} has taken over` };
}
