import type { PodWorker } from '../pod-worker.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Usage of all running pods in the forms that Kubernetes reads. */
export function statsSummary(workers: readonly PodWorker[], runtime: Runtime, nodeName: string, nowMs: number): object {
  const time = new Date(nowMs).toISOString();
  const pods = workers.map((worker) => {
    const containers = [...worker.containers.values()].flatMap((c) => (c.running === undefined ? [] : [{ name: c.spec.name, startedAtMs: c.running.startedAtMs, usage: runtime.usage(c.running) }]));
    const of = (usage: { cpuSeconds: number; memoryBytes: number }) => ({ cpu: { time, usageCoreNanoSeconds: Math.round(usage.cpuSeconds * 1e9) }, memory: { time, usageBytes: usage.memoryBytes, workingSetBytes: usage.memoryBytes, rssBytes: usage.memoryBytes } });
    const total = containers.reduce((sum, c) => ({ cpuSeconds: sum.cpuSeconds + c.usage.cpuSeconds, memoryBytes: sum.memoryBytes + c.usage.memoryBytes }), { cpuSeconds: 0, memoryBytes: 0 });
    const { name, namespace, uid } = worker.pod.metadata ?? {};
    return { podRef: { name, namespace, uid }, startTime: worker.pod.status?.startTime, containers: containers.map((c) => ({ name: c.name, startTime: new Date(c.startedAtMs).toISOString(), ...of(c.usage) })), ...of(total) };
  });
  return { node: { nodeName }, pods };
}

/** The Prometheus text of `/metrics/resource`. */
export function resourceMetrics(workers: readonly PodWorker[], runtime: Runtime): string {
  const cpu: string[] = [];
  const memory: string[] = [];
  for (const worker of workers) {
    const { name, namespace } = worker.pod.metadata ?? {};
    for (const c of worker.containers.values()) {
      if (c.running === undefined) continue;
      const labels = `{container="${c.spec.name}",namespace="${namespace}",pod="${name}"}`;
      const usage = runtime.usage(c.running);
      cpu.push(`container_cpu_usage_seconds_total${labels} ${usage.cpuSeconds}`);
      memory.push(`container_memory_working_set_bytes${labels} ${usage.memoryBytes}`);
    }
  }
  return ['# TYPE container_cpu_usage_seconds_total counter', ...cpu, '# TYPE container_memory_working_set_bytes gauge', ...memory, ''].join('\n');
}
