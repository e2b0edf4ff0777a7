import type { CrossVersionObjectReference, HorizontalPodAutoscalerSpec, HPAScalingRules, MetricSpec, MetricTarget } from '../../../../kubernetes/types.generated.ts';
import { nanosOf } from '../../decode/quantity.ts';
import { pathSegmentName } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { dnsLabel } from '../../validation/dns-name.ts';
import { validateContainerResourceName } from '../core/pod/validate-resources.ts';
import type { KindRules } from '../built-in-kind.ts';

const DEFAULT_CPU_PERCENT = 80;
const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const SELECT_POLICIES = new Set(['Disabled', 'Max', 'Min']);
const POLICY_TYPES = new Set(['Percent', 'Pods']);
const TARGET_TYPES = new Set(['Utilization', 'Value', 'AverageValue']);
const SOURCES: Record<string, 'object' | 'external' | 'pods' | 'resource' | 'containerResource'> = { Object: 'object', External: 'external', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource' };

const scaleUp = (): HPAScalingRules => ({ stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] });
const scaleDown = (): HPAScalingRules => ({ selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] });

export const horizontalPodAutoscaler: KindRules = {
  group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', namespaced: true,
  default(object) {
    const spec = object['spec'] as HorizontalPodAutoscalerSpec;
    spec.minReplicas ??= 1;
    if ((spec.metrics?.length ?? 0) === 0) spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT } } }];
    if (spec.behavior !== undefined) {
      spec.behavior.scaleUp = { ...scaleUp(), ...spec.behavior.scaleUp };
      spec.behavior.scaleDown = { ...scaleDown(), ...spec.behavior.scaleDown };
    }
  },
  validate: (object, found) => validateSpec(object['spec'] as HorizontalPodAutoscalerSpec, found),
};

interface V1Spec {
  scaleTargetRef: CrossVersionObjectReference;
  minReplicas?: number;
  maxReplicas: number;
  targetCPUUtilizationPercentage?: number;
}

/** The older form holds one CPU target; it is checked as the newer one. */
export const horizontalPodAutoscalerV1: KindRules = {
  group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler', namespaced: true,
  default(object) {
    const spec = object['spec'] as V1Spec;
    spec.minReplicas ??= 1;
    spec.targetCPUUtilizationPercentage ??= DEFAULT_CPU_PERCENT;
  },
  validate(object, found) {
    const { targetCPUUtilizationPercentage: averageUtilization, ...spec } = object['spec'] as V1Spec;
    validateSpec({ ...spec, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }] }, found);
  },
};

function validateSpec(spec: HorizontalPodAutoscalerSpec, found: Findings): void {
  if (spec.minReplicas !== undefined && spec.minReplicas < 1) found.invalid('spec.minReplicas', spec.minReplicas, 'must be 1 or more');
  if (spec.maxReplicas < 1) found.invalid('spec.maxReplicas', spec.maxReplicas, 'must be 1 or more');
  if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas) found.invalid('spec.maxReplicas', spec.maxReplicas, 'must be minReplicas or more');
  validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef', found, false);
  spec.metrics?.forEach((metric, i) => validateMetric(metric, `spec.metrics[${i}]`, found));
  if (spec.minReplicas === 0 && !(spec.metrics ?? []).some((m) => m.type === 'Object' || m.type === 'External')) found.forbidden('spec.metrics', 'an Object or External metric is needed to scale to 0');
  for (const side of ['scaleUp', 'scaleDown'] as const) validateRules(spec.behavior?.[side], `spec.behavior.${side}`, found);
}

function validateReference(ref: CrossVersionObjectReference, path: string, found: Findings, coreAllowed: boolean): void {
  for (const field of ['kind', 'name'] as const) {
    if (ref[field] === '') found.required(`${path}.${field}`);
    else found.eachInvalid(`${path}.${field}`, ref[field], pathSegmentName(ref[field]));
  }
  const version = ref.apiVersion ?? '';
  const slashes = version.split('/').length - 1;
  const group = slashes === 1 ? (version.split('/')[0] as string) : '';
  if (slashes > 1 || (!coreAllowed && group === '' && ref.kind !== 'ReplicationController')) found.invalid(`${path}.apiVersion`, version, 'must name an API group, such as apps/v1');
}

function validateRules(rules: HPAScalingRules | undefined, path: string, found: Findings): void {
  if (rules === undefined) return;
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined && (window < 0 || window > MAX_WINDOW_SECONDS)) found.invalid(`${path}.stabilizationWindowSeconds`, window, `must be from 0 to ${MAX_WINDOW_SECONDS}`);
  found.optionalEnum(`${path}.selectPolicy`, rules.selectPolicy, SELECT_POLICIES);
  if ((rules.policies?.length ?? 0) === 0) found.required(`${path}.policies`, 'at least one is needed');
  rules.policies?.forEach((policy, i) => {
    const at = `${path}.policies[${i}]`;
    if (!POLICY_TYPES.has(policy.type)) found.notSupported(`${at}.type`, policy.type, POLICY_TYPES);
    if (policy.value <= 0) found.invalid(`${at}.value`, policy.value, 'must be more than 0');
    if (policy.periodSeconds <= 0 || policy.periodSeconds > MAX_PERIOD_SECONDS) found.invalid(`${at}.periodSeconds`, policy.periodSeconds, `must be from 1 to ${MAX_PERIOD_SECONDS}`);
  });
  if (rules.tolerance !== undefined && nanosOf(rules.tolerance) < 0n) found.invalid(`${path}.tolerance`, rules.tolerance, 'must be 0 or more');
}

function validateMetric(metric: MetricSpec, path: string, found: Findings): void {
  if ((metric.type as string) === '') found.required(`${path}.type`, 'a source is needed');
  const wanted = SOURCES[metric.type];
  const present = (['object', 'external', 'pods', 'resource', 'containerResource'] as const).filter((field) => metric[field] !== undefined);
  const first = present[0];
  if (first !== undefined) validateSource(metric, first, `${path}.${first}`, found);
  if (wanted === undefined) {
    // Kubernetes says it twice; so do we, as causes are counted.
    found.notSupported(`${path}.type`, metric.type, Object.keys(SOURCES));
    found.notSupported(`${path}.type`, metric.type, Object.keys(SOURCES));
  } else if (metric[wanted] === undefined) found.required(`${path}.${wanted}`, `is needed with the type ${metric.type}`);
  if (present.length !== 1) for (const field of present) if (field !== wanted) found.forbidden(`${path}.${field}`, `has no meaning with the type ${metric.type}`);
}

function validateSource(metric: MetricSpec, field: 'object' | 'external' | 'pods' | 'resource' | 'containerResource', path: string, found: Findings): void {
  const source = metric[field];
  if (source === undefined) return;
  const target = source.target;
  validateTarget(target, `${path}.target`, found);
  if (metric.object !== undefined && field === 'object') validateReference(metric.object.describedObject, `${path}.describedObject`, found, true);
  if ('metric' in source) {
    if (source.metric.name === '') found.required(`${path}.metric.name`);
    else found.eachInvalid(`${path}.metric.name`, source.metric.name, pathSegmentName(source.metric.name));
  }
  if ('name' in source && source.name === '') found.required(`${path}.name`);
  if ('container' in source) {
    if (source.name !== '') validateContainerResourceName(source.name, `${path}.name`, found);
    if (source.container === '') found.required(`${path}.container`);
    else found.eachInvalid(`${path}.container`, source.container, dnsLabel(source.container));
  }
  switch (field) {
    case 'pods':
      if (target.averageValue === undefined) found.required(`${path}.target.averageValue`);
      break;
    case 'object':
    case 'external':
      if (target.value === undefined && target.averageValue === undefined) found.required(`${path}.target.averageValue`, 'value or averageValue is needed');
      if (field === 'external' && target.value !== undefined && target.averageValue !== undefined) found.forbidden(`${path}.target.value`, 'excludes averageValue');
      break;
    case 'resource':
    case 'containerResource':
      if (target.averageUtilization === undefined && target.averageValue === undefined) found.required(`${path}.target.averageUtilization`, 'averageUtilization or averageValue is needed');
      if (target.averageUtilization !== undefined && target.averageValue !== undefined) found.forbidden(`${path}.target.averageValue`, 'excludes averageUtilization');
      break;
  }
}

function validateTarget(target: MetricTarget, path: string, found: Findings): void {
  if ((target.type as string) === '') found.required(`${path}.type`);
  if (!TARGET_TYPES.has(target.type)) found.invalid(`${path}.type`, target.type, 'must be Utilization, Value or AverageValue');
  for (const field of ['value', 'averageValue'] as const) if (target[field] !== undefined && nanosOf(target[field]) <= 0n) found.invalid(`${path}.${field}`, target[field], 'must be more than 0');
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) found.invalid(`${path}.averageUtilization`, target.averageUtilization, 'must be more than 0');
}
