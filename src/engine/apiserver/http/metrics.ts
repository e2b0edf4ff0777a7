import type { Clock } from '../../../runtime/clock.ts';
import { Histogram } from '../../../runtime/histogram.ts';
import { workQueueLines } from '../../../runtime/work-queue-metrics.ts';
import type { ApiContext } from '../context.ts';
import { replyText } from './reply.ts';
import type { PathHandler } from './server.ts';
import type { Verb } from './route.ts';

/** Seconds, as kube-apiserver counts them. */
const BOUNDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const VERBS: Readonly<Record<Verb, string>> = { get: 'GET', list: 'LIST', watch: 'WATCH', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETECOLLECTION' };
const READS: ReadonlySet<Verb> = new Set(['get', 'list', 'watch']);

/** What a request was for, as the labels of its metrics say it. */
export interface MeasuredRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly scope: 'cluster' | 'namespace' | 'resource';
  readonly dryRun: boolean;
}

interface Series {
  readonly labels: string;
  readonly codes: Map<number, number>;
  /** Of the requests that end by themselves: no watches. */
  readonly durations: Histogram;
  running: number;
}

/** Counts and times of requests, under the names that dashboards of Kubernetes use. */
export class RequestMetrics {
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  #reading = 0;
  #mutating = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called when a request begins; what it gives back, when it has ended. */
  begin(asked: MeasuredRequest): (code: number) => void {
    const series = this.#seriesOf(asked);
    const startedAt = this.#clock.now();
    const isLong = asked.verb === 'watch', reads = READS.has(asked.verb);
    series.running++;
    if (!isLong && reads) this.#reading++;
    else if (!isLong) this.#mutating++;
    return (code) => {
      series.running--;
      series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
      if (isLong) return;
      if (reads) this.#reading--;
      else this.#mutating--;
      series.durations.observe((this.#clock.now() - startedAt) / 1000);
    };
  }

  lines(): string[] {
    const all = [...this.#series.values()];
    return [
      '# TYPE apiserver_request_total counter', ...all.flatMap(({ labels, codes }) => [...codes].map(([code, n]) => `apiserver_request_total{code="${code}",${labels}} ${n}`)),
      '# TYPE apiserver_request_duration_seconds histogram', ...all.filter(({ labels }) => !labels.includes('verb="WATCH"')).flatMap(({ labels, durations }) => durations.lines('apiserver_request_duration_seconds', labels)),
      '# TYPE apiserver_longrunning_requests gauge', ...all.filter(({ labels }) => labels.includes('verb="WATCH"')).map(({ labels, running }) => `apiserver_longrunning_requests{${labels}} ${running}`),
      '# TYPE apiserver_current_inflight_requests gauge', `apiserver_current_inflight_requests{request_kind="readOnly"} ${this.#reading}`, `apiserver_current_inflight_requests{request_kind="mutating"} ${this.#mutating}`,
    ];
  }

  #seriesOf({ verb, group, version, resource, subresource = '', scope, dryRun }: MeasuredRequest): Series {
    const key = `${verb} ${group}/${version}/${resource}/${subresource} ${scope} ${dryRun}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = `component="apiserver",dry_run="${dryRun ? 'All' : ''}",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${VERBS[verb]}",version="${version}"`;
      this.#series.set(key, series = { labels, codes: new Map(), durations: new Histogram(BOUNDS), running: 0 });
    }
    return series;
  }
}

/** `/metrics` in the Prometheus text form: requests, what is stored, the queues of the controllers in this process, and the process. */
export function metricsPath(api: ApiContext, requests: RequestMetrics): PathHandler {
  return (_req, res, path) => {
    if (path !== '/metrics') return false;
    replyText(res, 200, `${[...requests.lines(), ...storageLines(api), ...workQueueLines(), ...processLines()].join('\n')}\n`, 'text/plain; version=0.0.4; charset=utf-8');
    return true;
  };
}

function storageLines(api: ApiContext): string[] {
  const stored = [...new Map(api.registry.all().filter((r) => r.storage !== '').map((r) => [r.storage, r])).values()].map((r) => ({ r, size: api.store.collection(r.storage).size }));
  return [
    '# TYPE apiserver_storage_objects gauge', ...stored.map(({ r, size }) => `apiserver_storage_objects{resource="${r.group === '' ? r.plural : `${r.plural}.${r.group}`}"} ${size}`),
    '# TYPE apiserver_resource_objects gauge', ...stored.map(({ r, size }) => `apiserver_resource_objects{group="${r.group}",resource="${r.plural}"} ${size}`),
    '# TYPE apiserver_storage_size_bytes gauge', `apiserver_storage_size_bytes{storage_cluster_id="embedded"} ${api.store.sizeBytes}`,
    '# TYPE apiserver_current_resource_version gauge', `apiserver_current_resource_version ${api.store.revision}`,
  ];
}

function processLines(): string[] {
  const { user, system } = process.cpuUsage();
  return [
    '# TYPE process_cpu_seconds_total counter', `process_cpu_seconds_total ${(user + system) / 1e6}`,
    '# TYPE process_resident_memory_bytes gauge', `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    '# TYPE process_start_time_seconds gauge', `process_start_time_seconds ${performance.timeOrigin / 1000}`,
  ];
}
