import { union } from './field-set.ts';
import { identityOf, type FieldManager, type FieldManagers } from './managed-fields.ts';

const mostUpdaters = 10;

/** Past ten updaters, the oldest of a version are joined into one entry named `ancient-changes`, as Kubernetes does. */
export function capUpdaters(managers: FieldManagers): FieldManagers {
  const updaters = [...managers].filter(([, m]) => m.operation === 'Update');
  if (updaters.length <= mostUpdaters) return managers;
  const age = (m: FieldManager): number => Date.parse(m.time ?? '1970-01-01');
  updaters.sort(([, a], [, b]) => age(a) - age(b) || (a.manager < b.manager ? -1 : 1));
  const result = new Map(managers);
  const firstOfVersion = new Map<string, string>();
  let count = updaters.length;
  for (const [identity, m] of updaters) {
    if (count <= mostUpdaters) break;
    const bucket: FieldManager = { manager: 'ancient-changes', operation: 'Update', apiVersion: m.apiVersion, fields: m.fields, ...(m.time ? { time: m.time } : {}) };
    const bucketIdentity = identityOf(bucket);
    const first = firstOfVersion.get(m.apiVersion);
    if (first === undefined) { firstOfVersion.set(m.apiVersion, identity); continue; }
    const joined = result.get(bucketIdentity) ?? result.get(first);
    if (!result.has(bucketIdentity)) result.delete(first);
    result.set(bucketIdentity, { ...bucket, fields: joined ? union(joined.fields, m.fields) : m.fields });
    result.delete(identity);
    count -= 1;
  }
  return result;
}
