import type { KubernetesObject } from '../../../client/resource.ts';
import type { Container } from '../../../kubernetes/types.generated.ts';
import { ageOf } from './age.ts';

export const nameOf = (object: KubernetesObject): string => object.metadata?.name ?? '';
export const age = (object: KubernetesObject, nowMs: number): string => ageOf(object.metadata?.creationTimestamp, nowMs);
export const orNone = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text);
export const containerNames = (containers: readonly Container[] = []): string => containers.map((c) => c.name).join(',');
export const images = (containers: readonly Container[] = []): string => containers.map((c) => c.image).join(',');

/** `a=b,c=d`, as kubectl prints labels. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  return orNone(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`).join(','));
}

interface Selector { matchLabels?: Record<string, string>; matchExpressions?: { key?: string; operator?: string; values?: string[] }[] }

export function selectorText(selector: Selector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}=${v}`);
  const rest = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => (operator === 'Exists' ? key : operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator?.toLowerCase()} (${values.join(',')})`));
  return orNone([...labels, ...rest].join(','));
}
