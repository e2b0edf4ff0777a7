import type { PersistentVolumeClaimSpec, Pod, PodSpec, ResourceQuota, ServiceSpec } from '../../kubernetes/types.generated.ts';
import { isTerminal } from '../../kubernetes/pod-state.ts';
import { parseQuantity, type Quantity } from '../apiserver/decode/quantity.ts';
import { containerTotals } from '../apiserver/kinds/core/pod/pod-level-resources.ts';
import { qosClass } from '../apiserver/kinds/core/pod/qos-class.ts';
import { isExtendedResource } from '../apiserver/kinds/core/pod/validate-resources.ts';

/** Amounts by the names that a ResourceQuota has for them. */
export type Usage = ReadonlyMap<string, Quantity>;

const NANO = 1_000_000_000n;
const COUNTED = new Set(['configmaps', 'persistentvolumeclaims', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']);
const COMPUTED = new Set(['cpu', 'memory', 'ephemeral-storage']);

const count = (n: number): Quantity => ({ nanos: BigInt(n) * NANO, format: 'decimal' });
export const quantityOf = (text: string | undefined): Quantity => (text === undefined ? undefined : parseQuantity(text)) ?? count(0);

/** What one object takes of its namespace's quotas. A pod that has ended takes nothing but its place among `count/pods`. */
export function usageOf(group: string, plural: string, object: object): Usage {
  const usage = new Map<string, Quantity>([[`count/${plural}${group === '' ? '' : `.${group}`}`, count(1)]]);
  if (group !== '') return usage;
  if (COUNTED.has(plural)) usage.set(plural, count(1));
  const { spec } = object as { spec?: object };
  if (plural === 'services') addService((spec ?? {}) as ServiceSpec, usage);
  else if (plural === 'persistentvolumeclaims') addClaim((spec ?? {}) as PersistentVolumeClaimSpec, usage);
  else if (plural === 'pods' && !isTerminal(object as Pod)) addPod(spec as PodSpec, usage);
  return usage;
}

function addService(spec: ServiceSpec, usage: Map<string, Quantity>): void {
  if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', count(1));
  const hasNodePorts = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  if (hasNodePorts) usage.set('services.nodeports', count(spec.ports?.length ?? 0));
}

function addClaim(spec: PersistentVolumeClaimSpec, usage: Map<string, Quantity>): void {
  const storage = quantityOf(spec.resources?.requests?.['storage']);
  usage.set('requests.storage', storage);
  if (!spec.storageClassName) return;
  usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
  usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, count(1));
}

function addPod(spec: PodSpec, usage: Map<string, Quantity>): void {
  usage.set('pods', count(1));
  for (const list of ['requests', 'limits'] as const) {
    const totals = { ...containerTotals(spec, list), ...spec.resources?.[list] };
    for (const [name, text] of Object.entries(totals)) {
      const total = added(quantityOf(text), quantityOf(spec.overhead?.[name]));
      if (list === 'limits' ? COMPUTED.has(name) : COMPUTED.has(name) || name.startsWith('hugepages-') || isExtendedResource(name)) usage.set(`${list}.${name}`, total);
      if (list === 'requests' && (COMPUTED.has(name) || name.startsWith('hugepages-'))) usage.set(name, total);
    }
  }
}

export const added = (a: Quantity, b: Quantity): Quantity => ({ nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format });

/** Whether a quota's scopes take the object in: those are of pods alone. */
export function isCovered(quota: ResourceQuota, group: string, plural: string, object: object): boolean {
  const terms = [...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })), ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  if (terms.length === 0) return true;
  if (group !== '' || plural !== 'pods') return false;
  const { spec } = object as { spec: PodSpec };
  return terms.every(({ scopeName, operator, values = [] }) => {
    switch (scopeName) {
      case 'Terminating': return spec.activeDeadlineSeconds !== undefined;
      case 'NotTerminating': return spec.activeDeadlineSeconds === undefined;
      case 'BestEffort': return qosClass(spec) === 'BestEffort';
      case 'NotBestEffort': return qosClass(spec) !== 'BestEffort';
      case 'CrossNamespacePodAffinity': return crossesNamespaces(spec);
      case 'PriorityClass': {
        const name = spec.priorityClassName ?? '';
        return operator === 'In' ? values.includes(name) : operator === 'NotIn' ? !values.includes(name) : (name !== '') === (operator === 'Exists');
      }
      default: return false;
    }
  });
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ].some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined));
}

/** What a quota of cpu or memory asks of each container: to state it. Gives the names that some container leaves out. */
export function unstated(quotaNames: readonly string[], spec: PodSpec): string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return quotaNames.filter((name) => {
    const [, list = 'requests', resource] = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(name) ?? [];
    if (resource === undefined || spec.resources?.[list as 'requests']?.[resource] !== undefined) return false;
    return containers.some((container) => container.resources?.[list as 'requests']?.[resource] === undefined);
  });
}
