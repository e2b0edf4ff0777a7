import type { PodSpec, ResourceQuota } from '../../../kubernetes/types.generated.ts';
import { formatQuantity, nanosOf } from '../decode/quantity.ts';
import { qosClass } from '../kinds/core/pod/qos-class.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden } from './forbidden.ts';

const ONE = 1_000_000_000n;
const COUNTED = new Set(['configmaps', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'resourcequotas', 'secrets', 'services']);

/** Refuses what would take a namespace past a quota, by what the quota's status says is used. */
export function checkQuota(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (request.operation !== 'CREATE' || request.subresource !== undefined || request.namespace === undefined || request.object === undefined) return;
  const quotas = lookups.list('', 'ResourceQuota', request.namespace) as readonly ResourceQuota[];
  if (quotas.length === 0) return;
  const wanted = usageOf(request);
  for (const quota of quotas) {
    if (!isCovered(request, quota)) continue;
    const hard = quota.status?.hard ?? {};
    for (const name in hard) {
      const asked = wanted.get(name);
      if (asked === undefined) {
        if (request.kind === 'Pod' && /^(requests\.|limits\.)?(cpu|memory)$/.test(name)) throw forbidden(request, `quota ${quota.metadata?.name} needs each container to state ${name}`);
        continue;
      }
      const used = nanosOf(quota.status?.used?.[name]);
      if (used + asked > nanosOf(hard[name])) {
        throw forbidden(request, `exceeded quota: ${quota.metadata?.name}, requested: ${name}=${formatQuantity({ nanos: asked, format: 'decimal' })}, used: ${name}=${quota.status?.used?.[name] ?? '0'}, limited: ${name}=${hard[name]}`);
      }
    }
  }
}

/** Amounts by quota name, in billionths. */
function usageOf(request: AdmissionRequest): Map<string, bigint> {
  const usage = new Map<string, bigint>([[`count/${request.plural}${request.group === '' ? '' : `.${request.group}`}`, ONE]]);
  if (request.group !== '' || !COUNTED.has(request.plural)) return usage;
  usage.set(request.plural, ONE);
  const spec = request.object?.['spec'];
  if (request.kind === 'Service') {
    if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', ONE);
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') usage.set('services.nodeports', BigInt(spec.ports?.length ?? 0) * ONE);
  } else if (request.kind === 'PersistentVolumeClaim') {
    const storage = nanosOf(spec.resources?.requests?.storage);
    usage.set('requests.storage', storage);
    if (spec.storageClassName) {
      usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
      usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
    }
  } else if (request.kind === 'Pod') addPod(spec as PodSpec, usage);
  return usage;
}

function addPod(spec: PodSpec, usage: Map<string, bigint>): void {
  for (const list of ['requests', 'limits'] as const) {
    const containers = spec.containers.map((container) => container.resources?.[list] ?? {});
    const names = new Set(containers.flatMap((resources) => Object.keys(resources)));
    for (const name of names) {
      // A quota on a resource holds only where every container states it.
      if ((name === 'cpu' || name === 'memory') && containers.some((resources) => resources[name] === undefined)) continue;
      const running = containers.reduce((sum, resources) => sum + nanosOf(resources[name]), 0n);
      const starting = (spec.initContainers ?? []).map((container) => nanosOf(container.resources?.[list]?.[name])).reduce((a, b) => (a > b ? a : b), 0n);
      const total = running > starting ? running : starting;
      usage.set(`${list}.${name}`, total);
      if (list === 'requests') usage.set(name, total);
    }
  }
}

function isCovered(request: AdmissionRequest, quota: ResourceQuota): boolean {
  const terms = [...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })), ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  if (terms.length === 0) return true;
  if (request.kind !== 'Pod') return false;
  const spec = request.object?.['spec'] as PodSpec;
  return terms.every(({ scopeName, operator, values = [] }) => {
    switch (scopeName) {
      case 'Terminating': return spec.activeDeadlineSeconds !== undefined;
      case 'NotTerminating': return spec.activeDeadlineSeconds === undefined;
      case 'BestEffort': return qosClass(spec) === 'BestEffort';
      case 'NotBestEffort': return qosClass(spec) !== 'BestEffort';
      case 'PriorityClass': {
        const name = spec.priorityClassName ?? '';
        return operator === 'In' ? values.includes(name) : operator === 'NotIn' ? !values.includes(name) : (name !== '') === (operator === 'Exists');
      }
      default: return false;
    }
  });
}
