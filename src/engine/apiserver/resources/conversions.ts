import type { KubernetesObject } from '../../../client/resource.ts';
import type { Conversion } from './served-resource.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- both forms are plain JSON; the names differ per kind
type Fields = Record<string, any>;

/** [core v1 name, events.k8s.io/v1 name] of the fields that the two forms of one Event call differently. */
const eventNames = [
  ['message', 'note'], ['involvedObject', 'regarding'], ['source', 'deprecatedSource'], ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'], ['count', 'deprecatedCount'], ['reportingComponent', 'reportingController'],
] as const;

function renamed(object: KubernetesObject, apiVersion: string, names: readonly (readonly [string, string])[]): KubernetesObject {
  const map = new Map(names);
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [map.get(key) ?? key, key === 'apiVersion' ? apiVersion : value]));
}

const events: Conversion = {
  toStored: (o) => renamed(o, 'v1', eventNames.map(([core, own]) => [own, core] as const)),
  fromStored: (o) => renamed(o, 'events.k8s.io/v1', eventNames),
};

const isCpu = (m: Fields): boolean => m['type'] === 'Resource' && m['resource']?.name === 'cpu' && m['resource']?.target?.type === 'Utilization';

/** autoscaling/v1 knows one metric, the CPU's utilization; the others travel in nothing and stay in storage only when v2 wrote them. */
const autoscalers: Conversion = {
  toStored(o) {
    const { spec = {}, status, ...rest } = o as Fields;
    const { targetCPUUtilizationPercentage: percent, ...kept } = spec as Fields;
    const metrics = percent === undefined ? {} : { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }] };
    const current = (status as Fields | undefined)?.['currentCPUUtilizationPercentage'];
    const { currentCPUUtilizationPercentage: _percent, ...statusKept } = (status ?? {}) as Fields;
    const currentMetrics = current === undefined ? {} : { currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current, averageValue: '0' } } }] };
    return { ...rest, apiVersion: 'autoscaling/v2', spec: { ...kept, ...metrics }, ...(status !== undefined && { status: { ...statusKept, ...currentMetrics } }) } as KubernetesObject;
  },
  fromStored(o) {
    const { spec = {}, status, ...rest } = o as Fields;
    const { metrics, behavior: _behavior, ...kept } = spec as Fields;
    const { currentMetrics, conditions: _conditions, ...statusKept } = (status ?? {}) as Fields;
    const cpu = (metrics as Fields[] | undefined)?.find(isCpu)?.['resource'].target.averageUtilization as number | undefined;
    const used = (currentMetrics as Fields[] | undefined)?.find((m) => m['resource']?.name === 'cpu')?.['resource'].current?.averageUtilization as number | undefined;
    return {
      ...rest, apiVersion: 'autoscaling/v1', spec: { ...kept, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) },
      status: { currentReplicas: 0, desiredReplicas: 0, ...statusKept, ...(used !== undefined && { currentCPUUtilizationPercentage: used }) },
    } as KubernetesObject;
  },
};

/** Conversions of the built-in resources that are served in a version they are not stored in, by `group/version/plural`. */
export const conversions: ReadonlyMap<string, { readonly storage: string; readonly conversion: Conversion }> = new Map([
  ['events.k8s.io/v1/events', { storage: '/events', conversion: events }],
  ['autoscaling/v1/horizontalpodautoscalers', { storage: 'autoscaling/horizontalpodautoscalers', conversion: autoscalers }],
]);
