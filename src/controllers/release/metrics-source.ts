import type { ObjectKey } from '../../client/resource.ts';
import type { LatencyCells } from './latency.ts';

/** Requests that the routers sent to one backend since they started, summed over all routers. */
export interface BackendCounters {
  readonly total: number;
  readonly errors: number;
  readonly latency?: LatencyCells;
}

/** Where analysis reads. */
export interface MetricsSource {
  /** By backend name. Rejects where not every router can be read: part of the numbers would be read as a fall. */
  counters(router: ObjectKey, signal: AbortSignal): Promise<ReadonlyMap<string, BackendCounters>>;
  /** One finite number by PromQL.
   *  @throws where there is none: the server answers otherwise than Prometheus, or with nothing, NaN, infinity or several series */
  query(url: string, promql: string, signal: AbortSignal): Promise<number>;
}

export interface WebhookAnswer {
  readonly verdict: 'pass' | 'fail' | 'wait';
  readonly message?: string;
}

/** Asks a webhook gate. Rejects where it does not answer as it should. */
export type AskWebhook = (url: string, question: object, timeoutMs: number, signal: AbortSignal) => Promise<WebhookAnswer>;
