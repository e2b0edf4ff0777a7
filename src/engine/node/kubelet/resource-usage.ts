import type { PodWorker } from '../pod-worker.ts';
import type { Measured, UsageNow } from './usage-sampler.ts';

const nothing: Measured = { nanoCores: 0, memoryBytes: 0, cpuSeconds: 0 };

const sum = (all: readonly Measured[]): Measured =>
  all.reduce((a, b) => ({ nanoCores: a.nanoCores + b.nanoCores, memoryBytes: a.memoryBytes + b.memoryBytes, cpuSeconds: a.cpuSeconds + b.cpuSeconds }), nothing);

/** Running containers with what they use. */
const usageOf = (worker: PodWorker, { containers }: UsageNow) => [...worker.containers.values()].flatMap((c) => (c.running === undefined ? [] : [{ name: c.spec.name, startedAtMs: c.running.startedAtMs, usage: containers.get(c.running.id) ?? nothing }]));

/** The kubelet's `/stats/summary` of one node. */
export function statsSummary(workers: readonly PodWorker[], now: UsageNow, nodeName: string): object {
  const time = new Date(now.atMs).toISOString();
  const of = (u: Measured) => ({ cpu: { time, usageNanoCores: u.nanoCores, usageCoreNanoSeconds: Math.round(u.cpuSeconds * 1e9) }, memory: { time, usageBytes: u.memoryBytes, workingSetBytes: u.memoryBytes, rssBytes: u.memoryBytes } });
  const pods = workers.map((worker) => {
    const containers = usageOf(worker, now);
    const { name, namespace, uid } = worker.pod.metadata ?? {};
    return { podRef: { name, namespace, uid }, startTime: worker.pod.status?.startTime, containers: containers.map((c) => ({ name: c.name, startTime: new Date(c.startedAtMs).toISOString(), ...of(c.usage) })), ...of(sum(containers.map((c) => c.usage))) };
  });
  return { node: { nodeName, ...of(now.machine ?? sum(workers.flatMap((w) => usageOf(w, now)).map((c) => c.usage))) }, pods };
}

/** The Prometheus text of the kubelet's `/metrics/resource`. */
export function resourceMetrics(workers: readonly PodWorker[], now: UsageNow): string {
  const families = new Map<string, string[]>();
  const add = (name: string, type: 'counter' | 'gauge', labels: string, value: number): void => {
    const lines = families.get(name) ?? [`# TYPE ${name} ${type}`];
    families.set(name, [...lines, `${name}${labels} ${value} ${now.atMs}`]);
  };
  for (const worker of workers) {
    const { name, namespace } = worker.pod.metadata ?? {};
    const containers = usageOf(worker, now);
    for (const c of containers) {
      const labels = `{container="${c.name}",namespace="${namespace}",pod="${name}"}`;
      add('container_cpu_usage_seconds_total', 'counter', labels, c.usage.cpuSeconds);
      add('container_memory_working_set_bytes', 'gauge', labels, c.usage.memoryBytes);
      add('container_start_time_seconds', 'gauge', labels, c.startedAtMs / 1_000);
    }
    const total = sum(containers.map((c) => c.usage));
    add('pod_cpu_usage_seconds_total', 'counter', `{namespace="${namespace}",pod="${name}"}`, total.cpuSeconds);
    add('pod_memory_working_set_bytes', 'gauge', `{namespace="${namespace}",pod="${name}"}`, total.memoryBytes);
  }
  if (now.machine !== undefined) {
    add('node_cpu_usage_seconds_total', 'counter', '', now.machine.cpuSeconds);
    add('node_memory_working_set_bytes', 'gauge', '', now.machine.memoryBytes);
  }
  add('resource_scrape_error', 'gauge', '', 0);
  return `${[...families.values()].flat().join('\n')}\n`;
}
