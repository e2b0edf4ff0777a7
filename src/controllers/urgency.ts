import { Builds, Releases, Routers } from '../api/kinds.ts';
import { routerName } from '../api/names.ts';
import { isRetreat, retreatIsOpen } from '../api/release/retreat.ts';
import type { Release } from '../api/release/release.ts';
import type { ObjectKey } from '../client/resource.ts';
import type { ControllerContext } from '../runtime/controller.ts';

const RETREATS = 'urgency/retreats';
const byRetreat = (release: Release): string[] => (isRetreat(release) ? [`${release.metadata?.namespace}/${release.spec.application}`] : []);

/** Whether users of an Application are still to leave a version that a person or a gate has turned down: every controller on their way does that before all else. */
export function urgencyOf({ informer }: Pick<ControllerContext, 'informer'>): (application: ObjectKey) => boolean {
  informer(Releases).addIndex(RETREATS, byRetreat);
  informer(Builds);
  informer(Routers);
  return ({ namespace, name }) => {
    const retreats = informer(Releases).byIndex(RETREATS, `${namespace}/${name}`);
    if (retreats.length === 0) return false;
    const observed = informer(Routers).get({ namespace, name: routerName(name) })?.status?.observed;
    return retreats.some((release) => retreatIsOpen(release, informer(Builds).get({ namespace, name: release.spec.build })?.spec.version, observed));
  };
}
