import type { ResourceQuota } from '../../../kubernetes/types.generated.ts';
import { added, isCovered, quantityOf, unstated, usageOf, type Usage } from '../../quota/usage.ts';
import type { AdmissionRequest } from '../admission/admission.ts';
import { forbidden } from '../admission/forbidden.ts';
import { formatQuantity, nanosOf } from '../decode/quantity.ts';
import { storeKey } from '../context.ts';
import { isDryRun, type ApiRequest } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';

/** Kinds whose updates may take more than they did. */
const GROWING = new Set(['/services', '/persistentvolumeclaims']);

/** Refuses what would take a namespace past a quota, and gives what writes the quotas' new status: called beside the object's own write it is
 *  one commit with it, so that of two requests at the same moment the second finds what the first took.
 *  @throws {StatusError} 403 */
export function quotaCharge(request: ApiRequest, asked: AdmissionRequest): () => void {
  const { api, resource } = request;
  const { namespace, object, old } = asked;
  if (namespace === undefined || object === undefined || asked.subresource !== undefined || (old !== undefined && !GROWING.has(resource.storage))) return () => undefined;
  const collection = api.store.collection('/resourcequotas');
  const charged: ResourceQuota[] = [];
  for (const { key } of collection.records(`${namespace}/`)) {
    const quota = api.store.head(collection, key)?.object as ResourceQuota | undefined;
    if (quota === undefined || !isCovered(quota, resource.group, resource.plural, object)) continue;
    const after = charge(asked, quota, object, old);
    if (after !== undefined) charged.push(after);
  }
  return () => {
    if (isDryRun(request)) return;
    // The object's own write tells of a disk that takes none.
    for (const quota of charged) api.store.put(collection, storeKey(namespace, quota.metadata?.name ?? ''), quota).catch(() => undefined);
  };
}

/** The quota with what it will have given; undefined where that is what it has given. */
function charge(asked: AdmissionRequest, quota: ResourceQuota, object: KindObject, old: KindObject | undefined): ResourceQuota | undefined {
  const { group, plural, kind } = asked;
  const { name } = quota.metadata ?? {};
  const hard = quota.status?.hard ?? {}, before = quota.status?.used ?? {};
  if (kind === 'Pod' && group === '' && old === undefined) {
    const missing = unstated(Object.keys(hard), object['spec']);
    if (missing.length > 0) throw forbidden(asked, `failed quota: ${name}: each container must state ${missing.join(', ')}`);
  }
  const more = difference(usageOf(group, plural, object), old === undefined ? new Map() : usageOf(group, plural, old));
  const after: Record<string, string> = { ...before };
  const exceeded: string[] = [];
  for (const [resource, amount] of more) {
    if (hard[resource] === undefined || amount.nanos === 0n) continue;
    const total = added(quantityOf(before[resource]), amount);
    if (amount.nanos > 0n && total.nanos > nanosOf(hard[resource])) exceeded.push(`requested: ${resource}=${formatQuantity(amount)}, used: ${resource}=${before[resource] ?? '0'}, limited: ${resource}=${hard[resource]}`);
    after[resource] = formatQuantity(total);
  }
  if (exceeded.length > 0) throw forbidden(asked, `exceeded quota: ${name}, ${exceeded.join('; ')}`);
  if (Object.entries(after).every(([resource, text]) => before[resource] === text)) return undefined;
  return { ...quota, metadata: { ...quota.metadata }, status: { ...quota.status, used: after } };
}

function difference(usage: Usage, before: Usage): Usage {
  return new Map([...new Set([...usage.keys(), ...before.keys()])].map((name) => {
    const now = usage.get(name) ?? { nanos: 0n, format: 'decimal' as const };
    return [name, { ...now, nanos: now.nanos - (before.get(name)?.nanos ?? 0n) }];
  }));
}
