import type { PodSpec, RuntimeClass } from '../../../kubernetes/types.generated.ts';
import { compareQuantities } from '../decode/quantity.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import { equal } from '../patch/json.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden, isPodCreate } from './forbidden.ts';

/** Gives a pod the overhead, the node selector and the tolerations of its runtime class; overhead comes from there alone.
 *  @throws {StatusError} 403 where there is no such class, or the pod says something else */
export function applyRuntimeClass(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (!isPodCreate(request) || request.object === undefined) return;
  const spec = request.object['spec'] as PodSpec;
  if (spec.runtimeClassName === undefined && spec.overhead === undefined) return;
  const found = spec.runtimeClassName === undefined ? undefined : lookups.get('node.k8s.io', 'RuntimeClass', undefined, spec.runtimeClassName) as RuntimeClass | undefined;
  if (spec.runtimeClassName !== undefined && found === undefined) throw forbidden(request, `no RuntimeClass is named ${spec.runtimeClassName}`);
  const overhead = found?.overhead?.podFixed;
  if (overhead === undefined) {
    if (spec.overhead !== undefined) throw forbidden(request, 'spec.overhead is what a runtime class gives, and the pod has none that gives any');
  } else {
    if (spec.overhead !== undefined && !sameQuantities(spec.overhead, overhead)) throw forbidden(request, `spec.overhead is not that of RuntimeClass ${spec.runtimeClassName}: leave it out`);
    spec.overhead = { ...overhead };
  }
  if (found?.scheduling !== undefined) schedule(request, spec, found.scheduling);
}

function sameQuantities(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, quantity]) => b[name] !== undefined && compareQuantities(quantity, b[name]) === 0);
}

function schedule(request: AdmissionRequest, spec: PodSpec, { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass['scheduling']>): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) throw forbidden(request, `spec.nodeSelector has ${key}=${own}, and its RuntimeClass ${key}=${value}`);
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const missing = tolerations.filter((t) => !(spec.tolerations ?? []).some((own) => equal(own, t)));
  if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...missing];
}
