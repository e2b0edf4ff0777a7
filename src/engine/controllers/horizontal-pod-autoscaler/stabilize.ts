import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../../kubernetes/types.generated.ts';

export interface Proposal {
  readonly atMs: number;
  readonly replicas: number;
}

export interface Change {
  readonly atMs: number;
  readonly by: number;
}

const defaultUp: HPAScalingRules = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] };
const defaultDown: HPAScalingRules = { stabilizationWindowSeconds: 300, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

/** Holds a proposal within the windows, policies and bounds of the autoscaler: down only as far as the highest proposal of its window, up only as far as the lowest. */
export function stabilize(hpa: HorizontalPodAutoscaler, replicas: number, proposals: readonly Proposal[], changes: readonly Change[], nowMs: number): number {
  const up = { ...defaultUp, ...hpa.spec?.behavior?.scaleUp };
  const down = { ...defaultDown, ...hpa.spec?.behavior?.scaleDown };
  const proposed = proposals.at(-1)?.replicas ?? replicas;
  const within = (rules: HPAScalingRules): number[] => [proposed, ...proposals.filter((p) => nowMs - p.atMs <= (rules.stabilizationWindowSeconds ?? 0) * 1_000).map((p) => p.replicas)];
  let next = proposed;
  if (proposed > replicas) next = Math.min(Math.max(replicas, Math.min(...within(up))), limit(up, replicas, changes, nowMs, 1));
  if (proposed < replicas) next = Math.max(Math.min(replicas, Math.max(...within(down))), limit(down, replicas, changes, nowMs, -1));
  return Math.min(hpa.spec?.maxReplicas ?? next, Math.max(hpa.spec?.minReplicas ?? 1, next));
}

function limit(rules: HPAScalingRules, replicas: number, changes: readonly Change[], nowMs: number, direction: 1 | -1): number {
  if (rules.selectPolicy === 'Disabled') return replicas;
  const bounds = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const recent = changes.filter((c) => nowMs - c.atMs <= periodSeconds * 1_000 && Math.sign(c.by) === direction).reduce((n, c) => n + c.by, 0);
    const before = replicas - recent;
    if (type === 'Pods') return before + direction * value;
    return direction > 0 ? Math.ceil(before * (1 + value / 100)) : Math.floor(before * (1 - value / 100));
  });
  if (bounds.length === 0) return direction > 0 ? Infinity : 0;
  const widest = (rules.selectPolicy ?? 'Max') === 'Max';
  return direction > 0 === widest ? Math.max(...bounds) : Math.min(...bounds);
}
