import { HorizontalPodAutoscalers, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isActive, isReady } from '../../../kubernetes/pod-state.ts';
import { quantityValue } from '../../../kubernetes/quantity.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import { recommend, type Target } from './recommend.ts';
import { podUsage, readScale, targetResource, type Scale } from './scale-target.ts';
import { stabilize, type Change, type Proposal } from './stabilize.ts';

const intervalMs = 15_000;
const keepMs = 3_600_000;

interface Memory {
  proposals: Proposal[];
  changes: Change[];
}

/** Sizes a workload by what its pods use. Asks for metrics each 15 s while an autoscaler is there. */
export const horizontalPodAutoscalerController: ControllerFactory = (context) => {
  const { client, clock } = context;
  const events = createEventRecorder(context, 'horizontal-pod-autoscaler');
  const memories = new Map<string, Memory>();
  // Its own status writes must not wake it: what wakes it is a new generation, and time.
  const seen = new Map<string, number>();
  return {
    name: 'horizontal-pod-autoscaler',
    sources: [
      source(HorizontalPodAutoscalers, (h) => {
        const uid = h.metadata?.uid ?? '';
        const generation = h.metadata?.generation ?? 0;
        if (seen.get(uid) === generation && h.metadata?.deletionTimestamp === undefined && h.status !== undefined) return [];
        seen.set(uid, generation);
        return [keyOf(h)];
      }),
      source(Pods, () => []),
    ],
    workers: 2,
    async reconcile(key) {
      const hpa = context.informer(HorizontalPodAutoscalers).get(key);
      if (hpa?.spec === undefined) return {};
      const memory = memories.get(hpa.metadata?.uid ?? '') ?? { proposals: [], changes: [] };
      memories.set(hpa.metadata?.uid ?? '', memory);
      const outcome = await evaluate(context, hpa, memory);
      if (!semanticEqual(withoutTimes(hpa.status), withoutTimes(outcome.status))) {
        await client.patch(HorizontalPodAutoscalers, key, { status: outcome.status }, { subresource: 'status' });
      }
      if (outcome.rescaled !== undefined) events.event(hpa, 'Normal', 'SuccessfulRescale', outcome.rescaled);
      for (const failure of outcome.failures) events.event(hpa, 'Warning', failure.reason, failure.message);
      const oldest = clock.now() - keepMs;
      memory.proposals = memory.proposals.filter((p) => p.atMs >= oldest);
      memory.changes = memory.changes.filter((c) => c.atMs >= oldest);
      return { requeueAfterMs: intervalMs };
    },
  };
};

interface Outcome {
  readonly status: HorizontalPodAutoscalerStatus;
  readonly rescaled?: string;
  readonly failures: readonly { readonly reason: string; readonly message: string }[];
}

async function evaluate(context: ControllerContext, hpa: HorizontalPodAutoscaler, memory: Memory): Promise<Outcome> {
  const { client, clock } = context;
  const namespace = hpa.metadata?.namespace ?? '';
  const ref = hpa.spec!.scaleTargetRef;
  const base = { observedGeneration: hpa.metadata?.generation, lastScaleTime: hpa.status?.lastScaleTime };
  let scale: Scale;
  const resource = await targetResource(client, ref);
  try {
    if (resource === undefined) throw new Error(`No kind ${ref.kind} of ${ref.apiVersion} is served`);
    scale = await readScale(client, resource, { namespace, name: ref.name });
  } catch (e) {
    const failure = { reason: 'FailedGetScale', message: e instanceof Error ? e.message : String(e) };
    return { status: { ...base, currentReplicas: hpa.status?.currentReplicas ?? 0, desiredReplicas: hpa.status?.desiredReplicas ?? 0, conditions: conditions(hpa, clock.now(), [['AbleToScale', 'False', failure.reason, failure.message]]) }, failures: [failure] };
  }
  const replicas = scale.spec?.replicas ?? 0;
  const able: Row = ['AbleToScale', 'True', 'SucceededGetScale', 'the controller was able to get the current scale of its target'];
  const status = (desiredReplicas: number, currentMetrics: MetricStatus[] | undefined, rows: Row[]): HorizontalPodAutoscalerStatus => ({
    ...base,
    currentReplicas: scale.status?.replicas ?? replicas,
    desiredReplicas,
    currentMetrics: currentMetrics ?? hpa.status?.currentMetrics ?? [],
    conditions: conditions(hpa, clock.now(), rows),
  });
  // Zero replicas mean that a person has switched it off.
  if (replicas === 0) return { status: status(0, [], [able, ['ScalingActive', 'False', 'ScalingDisabled', 'the target has no replicas: scaling is off']]), failures: [] };

  const measured = await Promise.all((hpa.spec?.metrics ?? []).map((metric) => measure(context, namespace, scale, replicas, metric)));
  const known = measured.filter((m) => m !== undefined);
  const failures = measured.length > known.length ? [{ reason: 'FailedGetResourceMetric', message: 'A metric of the target cannot be had from metrics.k8s.io, or its pods name no requests' }] : [];
  let proposed = known.length === 0 ? undefined : Math.max(...known.map((m) => m.replicas));
  // A metric that cannot be had never scales down.
  if (failures.length > 0 && proposed !== undefined && proposed < replicas) proposed = undefined;
  const nowMs = clock.now();
  if (proposed !== undefined) memory.proposals.push({ atMs: nowMs, replicas: proposed });
  const inBounds = Math.min(hpa.spec?.maxReplicas ?? replicas, Math.max(hpa.spec?.minReplicas ?? 1, replicas));
  const next = proposed === undefined ? inBounds : stabilize(hpa, replicas, memory.proposals, memory.changes, nowMs);
  const rows: Row[] = [
    able,
    known.length === 0 ? ['ScalingActive', 'False', failures[0]?.reason ?? 'InvalidMetricSourceType', failures[0]?.message ?? 'no metric is set'] : ['ScalingActive', 'True', 'ValidMetricFound', 'the desired replica count was computed from resource metrics'],
    proposed !== undefined && proposed > (hpa.spec?.maxReplicas ?? Infinity) ? ['ScalingLimited', 'True', 'TooManyReplicas', 'the desired replica count is above the maximum'] : ['ScalingLimited', 'False', 'DesiredWithinRange', 'the desired count is within the acceptable range'],
  ];
  const next_ = status(next, known.map((m) => m.status), rows);
  if (next === replicas || resource === undefined) return { status: next_, failures };
  await client.patch(resource, { namespace, name: ref.name }, { spec: { replicas: next } }, { subresource: 'scale' });
  memory.changes.push({ atMs: nowMs, by: next - replicas });
  return { status: { ...next_, lastScaleTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z') }, rescaled: `New size: ${next}; before: ${replicas}`, failures };
}

async function measure(context: ControllerContext, namespace: string, scale: Scale, replicas: number, metric: MetricSpec): Promise<{ replicas: number; status: MetricStatus } | undefined> {
  const target = metric.type === 'Resource' && metric.resource !== undefined ? targetOf(metric.resource.target) : undefined;
  const selector = scale.status?.selector;
  if (metric.resource === undefined || target === undefined || selector === undefined || selector === '') return undefined;
  const usage = await podUsage(context.client, namespace, selector, metric.resource.name);
  if (usage === undefined) return undefined;
  const pairs = selector.split(',').map((s) => s.split('='));
  const pods = context.informer(Pods).list(namespace).filter((p) => isActive(p) && isReady(p) && pairs.every(([k = '', v]) => p.metadata?.labels?.[k] === v));
  const result = recommend(metric.resource.name, target, replicas, pods, usage);
  if (result === undefined) return undefined;
  const average = pods.length === 0 ? 0 : [...usage.values()].reduce((a, b) => a + b, 0) / usage.size;
  const averageValue = metric.resource.name === 'cpu' ? `${Math.round(average * 1_000)}m` : String(Math.round(average));
  const current = target.type === 'Utilization' ? { averageUtilization: Math.round(result.measured), averageValue } : { averageValue };
  return { replicas: result.replicas, status: { type: 'Resource', resource: { name: metric.resource.name, current } } };
}

function targetOf(target: { type: string; averageUtilization?: number; averageValue?: string }): Target | undefined {
  if (target.averageUtilization !== undefined) return { type: 'Utilization', percent: target.averageUtilization };
  return target.averageValue === undefined ? undefined : { type: 'AverageValue', value: quantityValue(target.averageValue) };
}

type Row = readonly [type: string, status: string, reason: string, message: string];

function conditions(hpa: HorizontalPodAutoscaler, nowMs: number, rows: readonly Row[]): HorizontalPodAutoscalerCondition[] {
  return rows.map(([type, status, reason, message]) => {
    const before = hpa.status?.conditions?.find((c) => c.type === type);
    return { type, status, reason, message, lastTransitionTime: before?.status === status ? before.lastTransitionTime : new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z') };
  });
}

/** The last measurement alone is no reason to write: an idle autoscaler writes nothing unless a number that people act on changed. */
function withoutTimes(status: HorizontalPodAutoscalerStatus | undefined): unknown {
  return { ...status, currentMetrics: status?.currentMetrics?.map((m) => m.resource?.current.averageUtilization ?? m.resource?.current.averageValue), currentReplicas: status?.currentReplicas || undefined, desiredReplicas: status?.desiredReplicas || undefined };
}
