import type { Container, PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { compareQuantities, formatQuantity, nanosOf, parseQuantity } from '../../../decode/quantity.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { validateResources } from './validate-resources.ts';

type Amounts = Record<string, string>;
type List = 'requests' | 'limits';

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isSupported = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

/** What a pod's containers ask for together: those that run at the same time are added, init containers that end take turns.
 *  Source: KEP-753 (sidecar containers). */
export function containerTotals(spec: PodSpec, list: List): Amounts {
  const totals: Amounts = {};
  for (const container of spec.containers ?? []) add(totals, container.resources?.[list]);
  const sidecars: Amounts = {};
  let peak: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    const now: Amounts = { ...sidecars };
    add(now, container.resources?.[list]);
    if (isSidecar(container)) {
      add(totals, container.resources?.[list]);
      add(sidecars, container.resources?.[list]);
    }
    peak = highest(peak, isSidecar(container) ? { ...sidecars } : now);
  }
  return highest(totals, peak);
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

function add(totals: Amounts, amounts: Amounts | undefined): void {
  for (const name in amounts) {
    const format = parseQuantity(totals[name] ?? (amounts[name] as string))?.format ?? 'decimal';
    totals[name] = formatQuantity({ nanos: nanosOf(totals[name] ?? '0') + nanosOf(amounts[name]), format });
  }
}

function highest(a: Amounts, b: Amounts): Amounts {
  const result = { ...a };
  for (const name in b) if (result[name] === undefined || compareQuantities(b[name] as string, result[name]) > 0) result[name] = b[name] as string;
  return result;
}

/** A pod with limits of its own gets requests of its own: those of its containers together, else its limits. */
export function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (Object.keys(resources.limits ?? {}).length > 0 || Object.keys(resources.requests ?? {}).length > 0) {
    const together = containerTotals(spec, 'limits');
    for (const name in together) {
      if (isHugePages(name) && resources.requests?.[name] === undefined) (resources.limits ??= {})[name] ??= together[name] as string;
    }
  }
  if (Object.keys(resources.limits ?? {}).length === 0) return;
  const requests: Amounts = { ...resources.requests };
  const together = containerTotals(spec, 'requests');
  for (const name in together) if (isSupported(name) && !isHugePages(name)) requests[name] ??= together[name] as string;
  for (const name in resources.limits) if (isSupported(name)) requests[name] ??= resources.limits[name] as string;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

export function validatePodLevelResources(spec: PodSpec, path: string, found: Findings): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (spec.os?.name === 'windows') {
    found.forbidden(path, 'a Windows pod has none');
    return;
  }
  if (resources.claims !== undefined) found.forbidden(`${path}.claims`, 'claims are named by containers');
  validateResources(resources, path, found, new Set(), isSupported);
  const requests = containerTotals(spec, 'requests');
  for (const name in requests) {
    const own = resources.requests?.[name];
    if (own !== undefined && compareQuantities(requests[name] as string, own) > 0) found.invalid(`${path}.requests[${name}]`, own, `must be at least what the containers request together: ${requests[name]}`);
  }
  const limits = containerTotals(spec, 'limits');
  for (const name in limits) {
    const own = resources.limits?.[name];
    if (isHugePages(name) && own !== undefined && compareQuantities(limits[name] as string, own) > 0) found.invalid(`${path}.limits[${name}]`, own, `must be at least what the containers may use together: ${limits[name]}`);
  }
  spec.containers?.forEach((container, i) => {
    for (const name in container.resources?.limits) {
      const limit = container.resources?.limits?.[name] as string, own = resources.limits?.[name];
      if (own !== undefined && compareQuantities(limit, own) > 0) found.invalid(`${path}.containers[${i}][${name}].limits`, limit, `must be at most the pod's limit of ${own}`);
    }
  });
}
