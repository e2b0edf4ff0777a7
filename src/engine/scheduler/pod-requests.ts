import { quantityValue } from '../../kubernetes/quantity.ts';
import type { Container, Pod } from '../../kubernetes/types.generated.ts';

/** Amounts by resource name, in base units. */
export type Resources = ReadonlyMap<string, number>;

/** What a pod asks a node for: the larger of what its containers need together and what any init container needs, plus sidecars and overhead. */
export function podRequests(pod: Pod): Resources {
  let requests = known.get(pod);
  if (requests === undefined) known.set(pod, (requests = computeRequests(pod)));
  return requests;
}

/** Pods are never changed in place, so what was computed for one stays true. */
const known = new WeakMap<Pod, Resources>();

function computeRequests(pod: Pod): Resources {
  const spec = pod.spec;
  const running = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(running, requestsOf(container));
      max(peak, running);
    } else max(peak, sum(running, requestsOf(container)));
  }
  for (const container of spec?.containers ?? []) add(running, requestsOf(container));
  max(peak, running);
  for (const [name, value] of Object.entries(spec?.overhead ?? {})) peak.set(name, (peak.get(name) ?? 0) + quantityValue(value));
  peak.set('pods', 1);
  return peak;
}

function requestsOf(container: Container): Resources {
  return new Map(Object.entries(container.resources?.requests ?? {}).map(([name, value]) => [name, quantityValue(value)]));
}

export function add(into: Map<string, number>, what: Resources, sign = 1): void {
  for (const [name, value] of what) into.set(name, (into.get(name) ?? 0) + sign * value);
}

function sum(a: Resources, b: Resources): Resources {
  const result = new Map(a);
  add(result, b);
  return result;
}

function max(into: Map<string, number>, what: Resources): void {
  for (const [name, value] of what) into.set(name, Math.max(into.get(name) ?? 0, value));
}
