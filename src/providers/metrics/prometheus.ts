/**
 * One number by PromQL: the only element of an instant vector, or a scalar. Undefined: no element, NaN or an infinite value.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 * @throws where the answer is not Prometheus's, or a query gives more than one element
 */
export async function queryPrometheus(url: string, promql: string, signal: AbortSignal): Promise<number | undefined> {
  const target = new URL(`${url.replace(/\/+$/, '')}/api/v1/query`);
  const response = await fetch(target, { method: 'POST', body: new URLSearchParams({ query: promql }), signal });
  const text = await response.text();
  const answer = parse(text);
  if (answer === undefined) throw new Error(`${target.host} answered ${response.status} with something that is not Prometheus's JSON: check the metric's url`);
  if (answer.status !== 'success') throw new Error(`${target.host} refused the query: ${answer.error ?? response.status}`);
  const { resultType, result } = answer.data ?? {};
  if (resultType === 'scalar') return finite((result as [number, string])[1]);
  if (resultType !== 'vector' || !Array.isArray(result)) throw new Error(`The query gives a ${resultType}, a metric needs one number: use an instant vector of one element or a scalar`);
  if (result.length > 1) throw new Error(`The query gives ${result.length} series, a metric needs one: aggregate it, such as sum(…)`);
  return finite((result[0] as { value?: [number, string] } | undefined)?.value?.[1]);
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

function finite(text: string | undefined): number | undefined {
  const value = text === undefined ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
