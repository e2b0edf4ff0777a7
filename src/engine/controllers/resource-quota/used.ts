import type { KubernetesObject } from '../../../client/resource.ts';
import type { ResourceQuota } from '../../../kubernetes/types.generated.ts';
import { formatQuantity } from '../../apiserver/decode/quantity.ts';
import { added, isCovered, quantityOf, usageOf } from '../../quota/usage.ts';
import { countedBy } from './counted-kinds.ts';

/** How much of each name in `hard` the objects take. @param objectsOf those of the quota's namespace; undefined for a kind that is not served */
export function usedOf(quota: ResourceQuota, objectsOf: (group: string, plural: string) => readonly KubernetesObject[] | undefined): Record<string, string> {
  const names = Object.keys(quota.spec?.hard ?? {});
  const used = Object.fromEntries(names.map((name) => [name, quantityOf('0')]));
  const kinds = new Map(names.map((name) => { const kind = countedBy(name); return [`${kind.group}/${kind.plural}`, kind]; }));
  for (const { group, plural } of kinds.values()) {
    for (const object of objectsOf(group, plural) ?? []) {
      if (!isCovered(quota, group, plural, object)) continue;
      for (const [name, amount] of usageOf(group, plural, object)) if (used[name] !== undefined) used[name] = added(used[name], amount);
    }
  }
  return Object.fromEntries(Object.entries(used).map(([name, amount]) => [name, formatQuantity(amount)]));
}

/** Whether the quota's status says just this. */
export function isTold(quota: ResourceQuota, used: Readonly<Record<string, string>>): boolean {
  const hard = quota.spec?.hard ?? {}, { status } = quota;
  const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined): boolean => {
    const names = Object.keys(a);
    return names.length === Object.keys(b ?? {}).length && names.every((name) => b?.[name] !== undefined && quantityOf(b[name]).nanos === quantityOf(a[name]).nanos);
  };
  return same(hard, status?.hard) && same(used, status?.used);
}
