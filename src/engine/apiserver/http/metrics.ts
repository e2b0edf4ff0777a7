import type { ApiContext } from '../context.ts';
import { replyText } from './reply.ts';
import type { PathHandler } from './server.ts';

/** Counts of answers, as `apiserver_request_total` shows them. */
export class RequestCounts {
  readonly #counts = new Map<string, number>();

  add(verb: string, group: string, version: string, resource: string, code: number): void {
    const labels = `code="${code}",group="${group}",resource="${resource}",verb="${verb.toUpperCase()}",version="${version}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  lines(): string[] {
    return [...this.#counts].map(([labels, n]) => `apiserver_request_total{${labels}} ${n}`);
  }
}

/** `/metrics` in the Prometheus text form. */
export function metricsPath(api: ApiContext, counts: RequestCounts): PathHandler {
  return (_req, res, path) => {
    if (path !== '/metrics') return false;
    const objects = new Map(api.registry.all().map((r) => [r.storage, r]));
    const lines = [
      '# TYPE apiserver_request_total counter', ...counts.lines(),
      '# TYPE apiserver_storage_objects gauge', ...[...objects].map(([storage, r]) => `apiserver_storage_objects{resource="${r.group === '' ? r.plural : `${r.plural}.${r.group}`}"} ${api.store.collection(storage).size}`),
      '# TYPE apiserver_current_resource_version gauge', `apiserver_current_resource_version ${api.store.revision}`,
      '# TYPE process_resident_memory_bytes gauge', `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ];
    replyText(res, 200, `${lines.join('\n')}\n`, 'text/plain; version=0.0.4; charset=utf-8');
    return true;
  };
}
