import type { Clock } from './clock.ts';
import { Histogram } from './histogram.ts';

/** Seconds, from 10 µs to 1000 s, as client-go counts them. */
const BOUNDS = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];

/** What one queue of this process has done, under the names that dashboards of Kubernetes use. */
export class WorkQueueMetrics {
  readonly name: string;
  readonly #clock: Clock;
  readonly #depth: () => number;
  readonly #waited = new Histogram(BOUNDS);
  readonly #worked = new Histogram(BOUNDS);
  /** Milliseconds, by key. */
  readonly #addedAt = new Map<string, number>();
  readonly #takenAt = new Map<string, number>();
  #adds = 0;
  #retries = 0;

  constructor(name: string, clock: Clock, depth: () => number) {
    this.name = name;
    this.#clock = clock;
    this.#depth = depth;
  }

  added(key: string): void {
    this.#adds++;
    this.#addedAt.set(key, this.#clock.now());
  }

  taken(key: string): void {
    const now = this.#clock.now();
    this.#waited.observe((now - (this.#addedAt.get(key) ?? now)) / 1000);
    this.#addedAt.delete(key);
    this.#takenAt.set(key, now);
  }

  done(key: string): void {
    const now = this.#clock.now();
    this.#worked.observe((now - (this.#takenAt.get(key) ?? now)) / 1000);
    this.#takenAt.delete(key);
  }

  retried(): void {
    this.#retries++;
  }

  /** Lines by metric. */
  lines(): Readonly<Record<string, readonly string[]>> {
    const labels = `name="${this.name}"`;
    const now = this.#clock.now();
    const unfinished = [...this.#takenAt.values()].map((at) => (now - at) / 1000);
    return {
      workqueue_depth: [`workqueue_depth{${labels}} ${this.#depth()}`],
      workqueue_adds_total: [`workqueue_adds_total{${labels}} ${this.#adds}`],
      workqueue_retries_total: [`workqueue_retries_total{${labels}} ${this.#retries}`],
      workqueue_unfinished_work_seconds: [`workqueue_unfinished_work_seconds{${labels}} ${unfinished.reduce((sum, s) => sum + s, 0)}`],
      workqueue_longest_running_processor_seconds: [`workqueue_longest_running_processor_seconds{${labels}} ${Math.max(0, ...unfinished)}`],
      workqueue_queue_duration_seconds: this.#waited.lines('workqueue_queue_duration_seconds', labels),
      workqueue_work_duration_seconds: this.#worked.lines('workqueue_work_duration_seconds', labels),
    };
  }
}

const types: Readonly<Record<string, string>> = {
  workqueue_depth: 'gauge', workqueue_adds_total: 'counter', workqueue_retries_total: 'counter', workqueue_unfinished_work_seconds: 'gauge',
  workqueue_longest_running_processor_seconds: 'gauge', workqueue_queue_duration_seconds: 'histogram', workqueue_work_duration_seconds: 'histogram',
};

const open = new Set<WorkQueueMetrics>();

/** Shows a queue's metrics among those of the process until it closes. */
export function registerQueue(metrics: WorkQueueMetrics): () => void {
  open.add(metrics);
  return () => open.delete(metrics);
}

/** The metrics of all queues of the process in the Prometheus text form. */
export function workQueueLines(): string[] {
  const all = [...open].sort((a, b) => (a.name < b.name ? -1 : 1)).map((metrics) => metrics.lines());
  return all.length === 0 ? [] : Object.entries(types).flatMap(([name, type]) => [`# TYPE ${name} ${type}`, ...all.flatMap((lines) => lines[name] ?? [])]);
}
