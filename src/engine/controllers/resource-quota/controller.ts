import { discover } from '../../../client/discovery.ts';
import { ResourceQuotas } from '../../../client/kinds.ts';
import { keyOf, type KubernetesObject, type ObjectKey, type Resource } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { ResourceQuota } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { commonKinds, countedBy } from './counted-kinds.ts';
import { isTold, usedOf } from './used.ts';

const AGAIN_MS = 100;
/** A kind that is not served yet may be defined later. */
const LOOK_AGAIN_MS = 30_000;

/** Tells in each ResourceQuota's status how much of it is used. The API server adds what is created; this takes away what has gone or ended,
 *  and counts anew where the quota changed. */
export const resourceQuotaController: ControllerFactory = (context) => {
  const quotas = context.informer(ResourceQuotas);
  const known = new Map<string, Resource>(commonKinds.map((kind) => [`${kind.group}/${kind.plural}`, kind]));
  const followed = new Set(known.keys());
  const inNamespace = (o: KubernetesObject) => quotas.list(o.metadata?.namespace).map(keyOf);
  let enqueue: (key: ObjectKey) => void = () => undefined;

  /** Follows the kinds that the quota counts; true when all of them are served. */
  const followAll = async (quota: ResourceQuota): Promise<boolean> => {
    const wanted = Object.keys(quota.spec?.hard ?? {}).map((name) => { const { group, plural } = countedBy(name); return `${group}/${plural}`; });
    if (wanted.every((id) => followed.has(id))) return true;
    for (const resource of await discover(context.client)) if (resource.namespaced && resource.verbs.includes('watch')) known.set(`${resource.group}/${resource.plural}`, resource);
    for (const id of wanted) {
      const resource = known.get(id);
      if (resource === undefined || followed.has(id)) continue;
      followed.add(id);
      context.informer(resource).onChange(({ previous, current }) => {
        if (previous === undefined || current === undefined) for (const key of inNamespace((current ?? previous) as KubernetesObject)) enqueue(key);
      });
    }
    return wanted.every((id) => followed.has(id));
  };

  /** What is used by what the API server holds now: a cache may lag behind what the quota was charged for. */
  const countNow = async (quota: ResourceQuota): Promise<Record<string, string>> => {
    const lists = new Map<string, readonly KubernetesObject[]>();
    for (const name of Object.keys(quota.spec?.hard ?? {})) {
      const { group, plural } = countedBy(name);
      const id = `${group}/${plural}`, resource = known.get(id);
      if (resource !== undefined && !lists.has(id)) lists.set(id, (await context.client.list(resource, { namespace: quota.metadata?.namespace })).items);
    }
    return usedOf(quota, (group, plural) => lists.get(`${group}/${plural}`));
  };

  return {
    name: 'resource-quota',
    sources: [source(ResourceQuotas, (q) => [keyOf(q)]), ...commonKinds.filter((kind) => kind !== ResourceQuotas).map((kind) => source(kind, inNamespace))],
    workers: 2,
    start(add) {
      enqueue = add;
    },
    async reconcile(key) {
      const cached = quotas.get(key);
      if (cached === undefined) return {};
      const requeue = (await followAll(cached)) ? {} : { requeueAfterMs: LOOK_AGAIN_MS };
      const seen = usedOf(cached, (group, plural) => {
        const resource = known.get(`${group}/${plural}`);
        return resource === undefined ? undefined : context.informer(resource).list(key.namespace);
      });
      if (isTold(cached, seen)) return requeue;
      try {
        const quota = await context.client.get(ResourceQuotas, key);
        const used = await countNow(quota);
        if (!isTold(quota, used)) await context.client.updateStatus(ResourceQuotas, { ...quota, status: { hard: quota.spec?.hard ?? {}, used } });
      } catch (error) {
        if (isConflict(error)) return { requeueAfterMs: AGAIN_MS };
        if (!isNotFound(error)) throw error;
      }
      return requeue;
    },
  };
};
