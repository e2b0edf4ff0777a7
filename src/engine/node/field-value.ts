import os from 'node:os';
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from '../../kubernetes/types.generated.ts';
import { quantityValue } from './quantity.ts';

export interface PodAddress {
  readonly podIp: string;
  readonly hostIp: string;
}

/** The value of a downward API field; undefined for a path that there is none of. */
export function fieldValue(pod: Pod, selector: Pick<ObjectFieldSelector, 'fieldPath'>, address: PodAddress): string | undefined {
  const { fieldPath } = selector;
  const meta = pod.metadata ?? {};
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (keyed !== null) return meta[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? '';
  switch (fieldPath) {
    case 'metadata.name': return meta.name ?? '';
    case 'metadata.namespace': return meta.namespace ?? '';
    case 'metadata.uid': return meta.uid ?? '';
    case 'metadata.labels': return mapText(meta.labels);
    case 'metadata.annotations': return mapText(meta.annotations);
    case 'spec.nodeName': return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName': return pod.spec?.serviceAccountName ?? '';
    case 'status.podIP': case 'status.podIPs': return address.podIp;
    case 'status.hostIP': case 'status.hostIPs': return address.hostIp;
    default: return undefined;
  }
}

/** One `key="value"` a line, sorted, as downward API files are written. */
function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join('\n');
}

/** A container's request or limit in units of the divisor, rounded up. A limit that is not set is the machine's. */
export function resourceFieldValue(container: Container, selector: Pick<ResourceFieldSelector, 'resource' | 'divisor'>): string | undefined {
  const [kind, name] = selector.resource.split('.', 2) as [string, string | undefined];
  if (name === undefined || (kind !== 'limits' && kind !== 'requests')) return undefined;
  const given = container.resources?.[kind]?.[name];
  const machine = name === 'cpu' ? os.availableParallelism() : name === 'memory' ? os.totalmem() : 0;
  const value = quantityValue(given) ?? (kind === 'limits' ? machine : 0);
  const divisor = quantityValue(selector.divisor) || 1;
  return String(Math.ceil(value / divisor - 1e-9));
}
