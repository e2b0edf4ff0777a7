import type { LabelSelector } from '../../../../kubernetes/types.generated.ts';
import { matchesSelector, type Labels } from '../../selectors/label-selector.ts';
import type { KindObject } from '../../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';

/** What is selected by labels: the request's namespace and its objects. */
export interface Selectors {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/** Requests outside of namespaces match every namespace selector; an object selector matches where the new or the old object does. */
export function matchesSelectors({ namespaceSelector, objectSelector }: Selectors, request: AdmissionRequest, lookups: Lookups): boolean {
  return matchesNamespace(namespaceSelector, request, lookups) && matchesObject(objectSelector, request);
}

function matchesObject(selector: LabelSelector | undefined, { object, old }: AdmissionRequest): boolean {
  if (isEmpty(selector)) return true;
  return [object, old].some((one) => one !== undefined && matchesSelector(selector as never, one.metadata.labels ?? {}));
}

function matchesNamespace(selector: LabelSelector | undefined, request: AdmissionRequest, lookups: Lookups): boolean {
  if (isEmpty(selector)) return true;
  const labels = namespaceLabels(request, lookups);
  return labels === undefined || matchesSelector(selector as never, labels);
}

function namespaceLabels(request: AdmissionRequest, lookups: Lookups): Labels | undefined {
  if (request.group === '' && request.kind === 'Namespace') return (request.object ?? request.old)?.metadata.labels ?? {};
  return request.namespace === undefined ? undefined : namespaceOf(request, lookups)?.metadata.labels ?? {};
}

/** The namespace of a request; undefined for cluster-scoped ones. */
export function namespaceOf(request: AdmissionRequest, lookups: Lookups): KindObject | undefined {
  return request.namespace === undefined ? undefined : lookups.get('', 'Namespace', undefined, request.namespace);
}

const isEmpty = (selector: LabelSelector | undefined): boolean =>
  selector === undefined || (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0);
