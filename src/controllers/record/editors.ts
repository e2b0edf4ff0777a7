import { keyOf } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { resourceOf } from './apply.ts';
import { idOf, outcomeOf } from './drift.ts';
import type { RecordAction } from './reconcile.ts';

/** Live objects, by `Kind/name`; those that drifted with their managedFields, which say who wrote them and which informers do not hold. */
export async function withEditors({ client, signal }: Pick<ControllerContext, 'client' | 'signal'>, actions: readonly RecordAction[], live: ReadonlyMap<string, KubernetesObject>): Promise<ReadonlyMap<string, KubernetesObject>> {
  const drifted = actions.flatMap((action) => (outcomeOf(action) !== undefined && 'object' in action ? [action.object] : []));
  if (drifted.length === 0) return live;
  const read = async (object: KubernetesObject): Promise<readonly [string, KubernetesObject][]> => {
    try {
      return [[idOf(object), await client.get(resourceOf(object.kind), keyOf(object), { signal })]];
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return [];
    }
  };
  return new Map([...live, ...(await Promise.all(drifted.map(read))).flat()]);
}
