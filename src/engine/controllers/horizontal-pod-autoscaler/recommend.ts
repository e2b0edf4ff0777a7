import { quantityValue } from '../../../kubernetes/quantity.ts';
import type { Pod } from '../../../kubernetes/types.generated.ts';

/** A change of less than this share is no reason to scale. */
const tolerance = 0.1;

/** Usage of one resource by pod name, in base units. */
export type Usage = ReadonlyMap<string, number>;

export type Target = { readonly type: 'Utilization'; readonly percent: number } | { readonly type: 'AverageValue'; readonly value: number };

export interface Recommendation {
  readonly replicas: number;
  /** What was measured, in the target's terms. */
  readonly measured: number;
}

/** The proposal of one resource metric. Pods without a measurement count as idle when that would scale up, and as on target when that would scale down, so that missing data never exaggerates.
 *  @returns undefined where nothing can be said: no data, or no requests to compare with */
export function recommend(resource: string, target: Target, replicas: number, pods: readonly Pod[], usage: Usage): Recommendation | undefined {
  const measured = pods.filter((p) => usage.has(p.metadata?.name ?? ''));
  const missing = pods.filter((p) => !usage.has(p.metadata?.name ?? ''));
  if (measured.length === 0) return undefined;
  const goal = (p: Pod): number | undefined => (target.type === 'AverageValue' ? target.value : requestOf(p, resource, target.percent));
  const goals = pods.map(goal);
  if (goals.some((g) => g === undefined || g === 0)) return undefined;
  const total = (list: readonly Pod[], of: (p: Pod) => number): number => list.reduce((n, p) => n + of(p), 0);
  const used = total(measured, (p) => usage.get(p.metadata?.name ?? '') ?? 0);
  const ratio = used / total(measured, (p) => goal(p) ?? 0);
  const reported = target.type === 'AverageValue' ? used / measured.length : ratio * target.percent;
  if (Math.abs(ratio - 1) <= tolerance) return { replicas, measured: reported };
  if (missing.length === 0) return { replicas: Math.ceil(ratio * measured.length), measured: reported };
  const filled = used + (ratio < 1 ? total(missing, (p) => goal(p) ?? 0) : 0);
  const careful = filled / total(pods, (p) => goal(p) ?? 0);
  const turned = (ratio > 1 && careful < 1) || (ratio < 1 && careful > 1);
  return { replicas: turned || Math.abs(careful - 1) <= tolerance ? replicas : Math.ceil(careful * pods.length), measured: reported };
}

function requestOf(pod: Pod, resource: string, percent: number): number | undefined {
  const requests = (pod.spec?.containers ?? []).map((c) => c.resources?.requests?.[resource]);
  if (requests.some((r) => r === undefined)) return undefined;
  return (requests.reduce((n, r) => n + quantityValue(r!), 0) * percent) / 100;
}
