import { expect, test } from 'vitest';
import recorded from '../../../../test/compatibility/autoscaler-versions.json' with { type: 'json' };
import type { KubernetesObject } from '../../../client/resource.ts';
import { autoscalers } from './autoscaler-conversion.ts';

const { v1, v2 } = recorded as unknown as { v1: KubernetesObject; v2: KubernetesObject };

test('autoscaling/v1 shows an autoscaler of v2 as Kubernetes 1.35.4 does, its metrics, behavior and conditions in annotations', () => {
  expect(autoscalers.fromStored(v2)).toEqual(v1);
});

test('nothing of v2 is lost by a client of v1 that writes back what it read', () => {
  const cpuLast = (o: KubernetesObject): unknown => {
    const { metrics, ...spec } = (o as unknown as { spec: { metrics: object[] } }).spec;
    return { ...o, spec: { ...spec, metrics: [...metrics.slice(1), metrics[0]] } };
  };
  expect(autoscalers.toStored(v1)).toEqual(cpuLast(v2));
});

test('annotations that a person wrote and nothing can read are dropped, others stay', () => {
  const stored = autoscalers.toStored({ apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'a', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[', mine: 'stays' } }, spec: { maxReplicas: 2, targetCPUUtilizationPercentage: 50 } } as never);
  expect(stored).toMatchObject({ metadata: { annotations: { mine: 'stays' } }, spec: { maxReplicas: 2, metrics: [{ resource: { name: 'cpu' } }] } });
  expect(Object.keys(stored.metadata?.annotations ?? {})).toEqual(['mine']);
});
