import type { KubernetesObject } from '../../../client/resource.ts';
import type { Conversion } from './served-resource.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- both forms are plain JSON; the names differ per kind
type Fields = Record<string, any>;

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
/** Where autoscaling/v1 keeps what only v2 can say. */
const METRICS = `${PREFIX}metrics`, CURRENT = `${PREFIX}current-metrics`, BEHAVIOR = `${PREFIX}behavior`, CONDITIONS = `${PREFIX}conditions`;

const isCpu = (m: Fields): boolean => m['type'] === 'Resource' && m['resource']?.name === 'cpu' && m['resource']?.target?.averageUtilization !== undefined;

/** Fields that have a value, in this order: the annotations' texts are those that Kubernetes writes. */
const present = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

interface Source {
  /** Field of the metric that holds it. */
  readonly field: string;
  toV1(source: Fields, of: 'target' | 'current'): Fields;
  toV2(source: Fields, of: 'target' | 'current'): Fields;
}

const capital = (of: string, name: string): string => `${of}${name}`;
/** A target says which of its values counts; a current state has them all. */
const target = (of: 'target' | 'current', type: string, values: Fields): Fields => present(of === 'target' ? { type, ...values } : values);
const typeOf = (utilization: unknown, average: unknown): string => (utilization !== undefined ? 'Utilization' : average !== undefined ? 'AverageValue' : 'Value');

const resourceSource = (field: string): Source => ({
  field,
  toV1: (s, of) => present({ name: s['name'], [capital(of, 'AverageUtilization')]: s[of]?.averageUtilization, [capital(of, 'AverageValue')]: s[of]?.averageValue, container: s['container'] }),
  toV2(s, of) {
    const [utilization, average] = [s[capital(of, 'AverageUtilization')], s[capital(of, 'AverageValue')]];
    return present({ name: s['name'], [of]: target(of, typeOf(utilization, average), { averageUtilization: utilization, averageValue: average }), container: s['container'] });
  },
});

const sources: Readonly<Record<string, Source>> = {
  Resource: resourceSource('resource'),
  ContainerResource: resourceSource('containerResource'),
  External: {
    field: 'external',
    // A current value is always there in v1, zero where v2 has none.
    toV1: (s, of) => present({ metricName: s['metric']?.name, metricSelector: s['metric']?.selector, [capital(of, 'Value')]: s[of]?.value ?? (of === 'current' ? '0' : undefined), [capital(of, 'AverageValue')]: s[of]?.averageValue }),
    toV2(s, of) {
      const average = s[capital(of, 'AverageValue')];
      const value = of === 'current' && average !== undefined && s['currentValue'] === '0' ? undefined : s[capital(of, 'Value')];
      return { metric: present({ name: s['metricName'], selector: s['metricSelector'] }), [of]: target(of, typeOf(undefined, average), { value, averageValue: average }) };
    },
  },
  Object: {
    field: 'object',
    toV1: (s, of) => present({ target: s['describedObject'], metricName: s['metric']?.name, [capital(of, 'Value')]: s[of]?.value ?? '0', selector: s['metric']?.selector, averageValue: s[of]?.averageValue }),
    toV2(s, of) {
      const average = s['averageValue'];
      const value = average !== undefined && s[capital(of, 'Value')] === '0' ? undefined : s[capital(of, 'Value')];
      return { describedObject: s['target'], [of]: target(of, typeOf(undefined, average), { value, averageValue: average }), metric: present({ name: s['metricName'], selector: s['selector'] }) };
    },
  },
  Pods: {
    field: 'pods',
    toV1: (s, of) => present({ metricName: s['metric']?.name, [capital(of, 'AverageValue')]: s[of]?.averageValue, selector: s['metric']?.selector }),
    toV2: (s, of) => ({ metric: present({ name: s['metricName'], selector: s['selector'] }), [of]: target(of, 'AverageValue', { averageValue: s[capital(of, 'AverageValue')] }) }),
  },
};

function converted(metrics: readonly Fields[], to: 'toV1' | 'toV2', of: 'target' | 'current'): Fields[] {
  return metrics.flatMap((metric) => {
    const source = sources[metric['type'] as string];
    const inner = source === undefined ? undefined : metric[source.field] as Fields | undefined;
    return source === undefined || inner === undefined ? [] : [{ type: metric['type'], [source.field]: source[to](inner, of) }];
  });
}

const behaviorNames = ['ScaleUp', 'ScaleDown'] as const;
const ruleNames = ['StabilizationWindowSeconds', 'SelectPolicy', 'Policies', 'Tolerance'] as const;
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** The behavior as v1's annotation spells it: by the names of Go's fields, with null for what is not there. */
function behaviorText(behavior: Fields): string {
  const policy = (p: Fields): Fields => ({ Type: p['type'], Value: p['value'], PeriodSeconds: p['periodSeconds'] });
  const rules = (r: Fields | undefined): Fields | null => (r === undefined ? null : Object.fromEntries(ruleNames.map((name) => [name, name === 'Policies' ? (r['policies'] as Fields[] | undefined)?.map(policy) ?? null : r[lower(name)] ?? null])));
  return JSON.stringify(Object.fromEntries(behaviorNames.map((name) => [name, rules(behavior[lower(name)] as Fields | undefined)])));
}

function behaviorOf(named: Fields): Fields {
  const lowered = (value: unknown): unknown => (Array.isArray(value) ? value.map(lowered) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [lower(k), lowered(v)])) : value);
  return lowered(named) as Fields;
}

/** What an annotation holds; undefined where it is absent, or a person wrote something else there. */
function read<T>(annotations: Readonly<Record<string, string>>, name: string): T | undefined {
  try {
    return annotations[name] === undefined ? undefined : JSON.parse(annotations[name]) as T;
  } catch {
    return undefined;
  }
}

/** autoscaling/v1 knows one metric, the CPU's utilization; everything else that v2 says travels in annotations. */
export const autoscalers: Conversion = {
  toStored(o) {
    const { spec = {}, status, metadata = {}, ...rest } = o as Fields;
    const { targetCPUUtilizationPercentage: percent, ...kept } = spec as Fields;
    const { currentCPUUtilizationPercentage: used, ...statusKept } = (status ?? {}) as Fields;
    const annotations = (metadata.annotations ?? {}) as Record<string, string>;
    const cpu = percent === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }];
    const metrics = [...converted(list(read(annotations, METRICS)), 'toV2', 'target'), ...cpu];
    const told = read<Fields[]>(annotations, CURRENT);
    const current = told === undefined ? (used === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used, averageValue: '0' } } }]) : converted(list(told), 'toV2', 'current');
    const behavior = read<Fields>(annotations, BEHAVIOR), conditions = read<Fields[]>(annotations, CONDITIONS);
    return {
      ...rest, apiVersion: 'autoscaling/v2', metadata: withAnnotations(metadata, {}),
      spec: { ...kept, ...(metrics.length > 0 && { metrics }), ...(behavior && { behavior: behaviorOf(behavior) }) },
      ...(status !== undefined && { status: { ...statusKept, ...(current.length > 0 && { currentMetrics: current }), ...(Array.isArray(conditions) && { conditions }) } }),
    } as KubernetesObject;
  },
  fromStored(o) {
    const { spec = {}, status, metadata = {}, ...rest } = o as Fields;
    const { metrics, behavior, ...kept } = spec as Fields;
    const { currentMetrics, conditions, ...statusKept } = (status ?? {}) as Fields;
    const wanted = list(metrics), current = list(currentMetrics);
    const cpu = wanted.find(isCpu)?.['resource'].target.averageUtilization as number | undefined;
    const used = current.find((m) => m['type'] === 'Resource' && m['resource']?.name === 'cpu')?.['resource'].current?.averageUtilization as number | undefined;
    const others = converted(wanted.filter((m) => !isCpu(m)), 'toV1', 'target');
    return {
      ...rest, apiVersion: 'autoscaling/v1',
      metadata: withAnnotations(metadata, present({
        [METRICS]: others.length > 0 ? JSON.stringify(others) : undefined, [CURRENT]: current.length > 0 ? JSON.stringify(converted(current, 'toV1', 'current')) : undefined,
        [BEHAVIOR]: behavior === undefined ? undefined : behaviorText(behavior as Fields), [CONDITIONS]: list(conditions).length > 0 ? JSON.stringify(list(conditions).map(inOrder)) : undefined,
      })),
      spec: { ...kept, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) },
      status: { currentReplicas: 0, desiredReplicas: 0, ...statusKept, ...(used !== undefined && { currentCPUUtilizationPercentage: used }) },
    } as KubernetesObject;
  },
};

const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value as Fields[] : []);
const inOrder = ({ type, status, lastTransitionTime, reason, message, ...more }: Fields): Fields => present({ type, status, lastTransitionTime, reason, message, ...more });

/** The metadata with these annotations instead of those that travel between the versions. */
function withAnnotations(metadata: Fields, own: Fields): Fields {
  const given = (metadata['annotations'] ?? {}) as Record<string, string>;
  if (Object.keys(own).length === 0 && ![METRICS, CURRENT, BEHAVIOR, CONDITIONS].some((name) => name in given)) return metadata;
  const { [METRICS]: _metrics, [CURRENT]: _current, [BEHAVIOR]: _behavior, [CONDITIONS]: _conditions, ...others } = given;
  const annotations = { ...others, ...own };
  const { annotations: _all, ...rest } = metadata;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}
