import type { Clock } from '../../runtime/clock.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import type { PodWorkers } from './pod-workers.ts';
import { quantityValue } from './quantity.ts';
import type { Runtime } from './runtime/runtime.ts';

const lookMs = 1_000;

/** Ends containers that use more memory than their limit, as the kernel does elsewhere; without any right to bound them it looks once a second,
 *  so that one may exceed its limit for that long. Costs nothing where no container has a limit. */
export function keepMemoryLimits(pods: PodWorkers, runtime: Runtime, { clock, events, signal }: { readonly clock: Clock; readonly events: EventRecorder; readonly signal: AbortSignal }): void {
  const look = (): void => {
    if (signal.aborted) return;
    for (const worker of pods.all()) {
      for (const tracked of worker.containers.values()) {
        const { running, spec } = tracked;
        const limitBytes = quantityValue(spec.resources?.limits?.['memory']);
        if (running === undefined || limitBytes === undefined || tracked.oomKilled === running) continue;
        // Processes of one program share pages, which the quick look counts for each of them.
        if (runtime.usage(running).memoryBytes <= limitBytes || runtime.ownMemoryBytes(running) <= limitBytes) continue;
        tracked.oomKilled = running;
        events.event({ apiVersion: 'v1', kind: 'Pod', metadata: worker.pod.metadata }, 'Warning', 'OOMKilling', `Container ${spec.name} uses more than its memory limit of ${String(spec.resources?.limits?.['memory'])}`);
        runtime.signal(running, 'SIGKILL');
      }
    }
    clock.after(lookMs, look);
  };
  look();
}
