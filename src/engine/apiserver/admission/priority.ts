import type { PodSpec, PriorityClass } from '../../../kubernetes/types.generated.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden, isPodCreate } from './forbidden.ts';

const SYSTEM: Record<string, number> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };

/** Turns a pod's priority class into its number and preemption policy; at most one class is the global default. */
export function resolvePriority(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (request.kind === 'PriorityClass' && request.operation !== 'DELETE') {
    if (request.object?.['globalDefault'] !== true) return;
    const other = lookups.list('scheduling.k8s.io', 'PriorityClass').find((c) => c['globalDefault'] === true && c.metadata.name !== request.object?.metadata.name);
    if (other !== undefined) throw forbidden(request, `${other.metadata.name} is the default priority class already`);
    return;
  }
  if (!isPodCreate(request) || request.object === undefined) return;
  const spec = request.object['spec'] as PodSpec;
  let value = 0;
  let policy: PodSpec['preemptionPolicy'] = 'PreemptLowerPriority';
  if (spec.priorityClassName === undefined) {
    const standard = lookups.list('scheduling.k8s.io', 'PriorityClass').find((c) => c['globalDefault'] === true) as PriorityClass | undefined;
    if (standard !== undefined) {
      value = standard.value;
      policy = standard.preemptionPolicy ?? policy;
      spec.priorityClassName = standard.metadata?.name;
    }
  } else {
    const named = lookups.get('scheduling.k8s.io', 'PriorityClass', undefined, spec.priorityClassName) as PriorityClass | undefined;
    const known = named?.value ?? SYSTEM[spec.priorityClassName];
    if (known === undefined) throw forbidden(request, `no PriorityClass is named ${spec.priorityClassName}`);
    value = known;
    policy = named?.preemptionPolicy ?? policy;
  }
  if (spec.priority !== undefined && spec.priority !== value) throw forbidden(request, `spec.priority must be ${value}, which its priority class gives, not ${spec.priority}`);
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) throw forbidden(request, `spec.preemptionPolicy must be ${policy}, which its priority class gives`);
  spec.priority = value;
  spec.preemptionPolicy = policy;
}
