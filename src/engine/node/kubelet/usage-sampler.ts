import { pause } from '../../../runtime/backoff.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { PodWorker } from '../pod-worker.ts';
import type { Runtime, RuntimeContainer } from '../runtime/runtime.ts';
import { machineUsage } from './machine-usage.ts';

export interface Measured {
  /** Over the window, in billionths of a core. */
  readonly nanoCores: number;
  readonly memoryBytes: number;
  /** Since the container's start, seconds. */
  readonly cpuSeconds: number;
}

export interface UsageNow {
  /** When it was measured, and over how long before. */
  readonly atMs: number;
  readonly windowMs: number;
  /** By container id. */
  readonly containers: ReadonlyMap<string, Measured>;
  /** The whole machine, whatever else runs on it; absent where pods are simulated. */
  readonly machine?: Measured;
}

interface Sample {
  readonly atMs: number;
  readonly machineCpuSeconds: number;
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

/** Between two looks: closer together they say little, further apart they say nothing of now. */
const closestMs = 1_000;
const furthestMs = 90_000;

/** How much containers use now. It looks only when it is asked, so that it costs nothing while nobody asks. */
export class UsageSampler {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  #before: Sample | undefined;
  #last: Sample | undefined;
  #waiting: Promise<void> | undefined;

  constructor(runtime: Runtime, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** Usage of all running containers by id; waits a second where there was no look lately.
   *  @param workers all pods of this process, whichever node they are on */
  async measure(workers: () => readonly PodWorker[]): Promise<UsageNow> {
    const stale = (sample: Sample | undefined): boolean => sample === undefined || this.#clock.now() - sample.atMs > furthestMs;
    if (stale(this.#last)) {
      this.#before = undefined;
      this.#last = this.#look(workers());
    }
    if (this.#before === undefined && this.#clock.now() - this.#last!.atMs < closestMs) {
      this.#waiting ??= pause(this.#clock, closestMs).finally(() => (this.#waiting = undefined));
      await this.#waiting;
    }
    if (this.#clock.now() - this.#last!.atMs >= closestMs) {
      this.#before = this.#last;
      this.#last = this.#look(workers());
    }
    const [before, last] = [this.#before ?? this.#last!, this.#last!];
    const windowMs = Math.max(1, last.atMs - before.atMs);
    const containers = new Map<string, Measured>();
    for (const container of running(workers())) {
      const usage = this.#runtime.usage(container);
      const then = before.cpuSeconds.get(container.id);
      const now = last.cpuSeconds.get(container.id);
      // One that began in between: since its start.
      const cores = then !== undefined && now !== undefined ? ((now - then) * 1_000) / windowMs : (usage.cpuSeconds * 1_000) / Math.max(closestMs, this.#clock.now() - container.startedAtMs);
      containers.set(container.id, { nanoCores: Math.max(0, Math.round(cores * 1e9)), memoryBytes: usage.memoryBytes, cpuSeconds: usage.cpuSeconds });
    }
    if (!this.#runtime.runsPrograms) return { windowMs, atMs: last.atMs, containers };
    const nanoCores = Math.round(((last.machineCpuSeconds - before.machineCpuSeconds) * 1e12) / windowMs);
    return { windowMs, atMs: last.atMs, containers, machine: { nanoCores, ...machineUsage() } };
  }

  #look(workers: readonly PodWorker[]): Sample {
    return { atMs: this.#clock.now(), machineCpuSeconds: this.#runtime.runsPrograms ? machineUsage().cpuSeconds : 0, cpuSeconds: new Map(running(workers).map((c) => [c.id, this.#runtime.usage(c).cpuSeconds])) };
  }
}

function running(workers: readonly PodWorker[]): RuntimeContainer[] {
  return workers.flatMap((w) => [...w.containers.values()].flatMap((c) => c.running ?? []));
}
