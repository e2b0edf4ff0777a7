import type { MetricsSource } from '../../src/controllers/release/metrics-source.ts';
import { backendName } from '../../src/api/names.ts';

const REQUESTS_A_SAMPLE = 1_000;

/** Routers of which every version has traffic: without an error until somebody says that an Application's new version fails. */
export class SimulatedMetrics implements MetricsSource {
  /** When the first bad sample of an Application's router was read; milliseconds since the epoch. */
  readonly badSamples: Record<string, number> = {};
  readonly #failing = new Set<string>();
  readonly #samples = new Map<string, number>();

  /** @param router name of its Router */
  fails(router: string): void {
    this.#failing.add(router);
  }

  counters({ name }: { readonly name: string }): ReturnType<MetricsSource['counters']> {
    const samples = (this.#samples.get(name) ?? 0) + 1;
    this.#samples.set(name, samples);
    const total = samples * REQUESTS_A_SAMPLE, failing = this.#failing.has(name);
    if (failing) this.badSamples[name] ??= Date.now();
    return Promise.resolve(new Map([[backendName('internal', 'v2'), { total, errors: failing ? total / 2 : 0 }], [backendName('production', 'v1'), { total, errors: 0 }]]));
  }

  query(): Promise<number> {
    return Promise.reject(new Error('There is no Prometheus'));
  }
}
