/**
 * One number by PromQL: the only element of an instant vector, or a scalar.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 * @throws where the answer is not Prometheus's, or a query gives no finite number or more than one
 */
export async function queryPrometheus(url: string, promql: string, signal: AbortSignal): Promise<number> {
  const target = new URL(`${url.replace(/\/+$/, '')}/api/v1/query`);
  const response = await fetch(target, { method: 'POST', body: new URLSearchParams({ query: promql }), signal });
  const text = await response.text();
  const answer = parse(text);
  if (answer === undefined) throw new Error(`${target.host} answered ${response.status} with something that is not Prometheus's JSON: check the metric's url`);
  if (answer.status !== 'success') throw new Error(`${target.host} refused the query: ${answer.error ?? response.status}`);
  const { resultType, result } = answer.data ?? {};
  if (resultType === 'scalar') return finite(target.host, (result as [number, string])[1]);
  if (resultType !== 'vector' || !Array.isArray(result)) throw new Error(`The query gives a ${resultType}, a metric needs one number: use an instant vector of one element or a scalar`);
  if (result.length > 1) throw new Error(`The query gives ${result.length} series, a metric needs one: aggregate it, such as sum(…)`);
  const number = (result[0] as { value?: [number, string] } | undefined)?.value?.[1];
  if (number === undefined) throw new Error(`The query gives nothing at ${target.host}: no series has such labels (yet)`);
  return finite(target.host, number);
}

interface PrometheusAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

function parse(text: string): PrometheusAnswer | undefined {
  try {
    const value = JSON.parse(text) as PrometheusAnswer | null;
    return typeof value?.status === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function finite(host: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`The query gives ${text} at ${host}, a metric needs a number: often a division by zero, such as of a rate that has no requests yet`);
  return value;
}
