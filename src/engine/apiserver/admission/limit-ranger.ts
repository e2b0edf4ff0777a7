import type { Container, LimitRangeItem, LimitRangeSpec, PodSpec } from '../../../kubernetes/types.generated.ts';
import { compareQuantities, nanosOf } from '../decode/quantity.ts';
import { qosClass } from '../kinds/core/pod/qos-class.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden } from './forbidden.ts';

function limitsOf(request: AdmissionRequest, lookups: Lookups): LimitRangeItem[] {
  return lookups.list('', 'LimitRange', request.namespace).flatMap((range) => (range['spec'] as LimitRangeSpec).limits ?? []);
}

function isPodWrite(request: AdmissionRequest): boolean {
  return request.group === '' && request.kind === 'Pod' && request.subresource === undefined && request.operation === 'CREATE' && request.object !== undefined;
}

/** Containers without limits or requests get those of the namespace. */
export function applyLimitRanges(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (!isPodWrite(request)) return;
  for (const item of limitsOf(request, lookups)) {
    if (item.type !== 'Container') continue;
    const spec = request.object?.['spec'] as PodSpec;
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) fill(container, item);
    // Where the status stands already, it follows what was filled in.
    if (request.object?.['status']?.qosClass !== undefined) request.object['status'].qosClass = qosClass(spec);
  }
}

function fill(container: Container, item: LimitRangeItem): void {
  const resources = (container.resources ??= {});
  for (const name in item.default) (resources.limits ??= {})[name] ??= item.default[name] as string;
  for (const name in item.defaultRequest) (resources.requests ??= {})[name] ??= item.defaultRequest[name] as string;
}

/** Refuses what is outside a namespace's minimum, maximum or ratio. */
export function checkLimitRanges(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (request.group !== '' || request.subresource !== undefined || request.object === undefined || request.operation === 'DELETE') return;
  if (request.kind === 'PersistentVolumeClaim') {
    for (const item of limitsOf(request, lookups)) if (item.type === 'PersistentVolumeClaim') check(request, item, 'claim', { requests: request.object['spec'].resources?.requests, limits: request.object['spec'].resources?.requests });
    return;
  }
  if (!isPodWrite(request)) return;
  const spec = request.object['spec'] as PodSpec;
  for (const item of limitsOf(request, lookups)) {
    if (item.type === 'Container') for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) check(request, item, `container ${container.name}`, container.resources ?? {});
    else if (item.type === 'Pod') check(request, item, 'pod', totals(spec));
  }
}

function totals(spec: PodSpec): Container['resources'] & object {
  const sum: { requests: Record<string, string>; limits: Record<string, string> } = { requests: {}, limits: {} };
  for (const list of ['requests', 'limits'] as const) {
    const nanos = new Map<string, bigint>();
    for (const { resources } of spec.containers ?? []) for (const name in resources?.[list]) nanos.set(name, (nanos.get(name) ?? 0n) + nanosOf(resources?.[list]?.[name]));
    for (const [name, value] of nanos) sum[list][name] = `${value}n`;
  }
  return sum;
}

function check(request: AdmissionRequest, item: LimitRangeItem, what: string, { requests = {}, limits = {} }: { requests?: Record<string, string>; limits?: Record<string, string> }): void {
  for (const name in item.min) {
    const value = requests[name];
    if (value === undefined) throw forbidden(request, `${what} must request at least ${item.min[name]} ${name}`);
    if (compareQuantities(value, item.min[name] as string) < 0) throw forbidden(request, `${what} must request at least ${item.min[name]} ${name}, not ${value}`);
  }
  for (const name in item.max) {
    const value = limits[name];
    if (value === undefined) throw forbidden(request, `${what} must limit ${name} to ${item.max[name]} or less`);
    if (compareQuantities(value, item.max[name] as string) > 0) throw forbidden(request, `${what} must limit ${name} to ${item.max[name]} or less, not ${value}`);
  }
  for (const name in item.maxLimitRequestRatio) {
    const [limit, wanted] = [nanosOf(limits[name]), nanosOf(requests[name])];
    if (wanted === 0n) throw forbidden(request, `${what} must request ${name}`);
    if (Number(limit) / Number(wanted) > Number(nanosOf(item.maxLimitRequestRatio[name])) / 1e9) throw forbidden(request, `${what} must limit ${name} to at most ${item.maxLimitRequestRatio[name]} times its request`);
  }
}
