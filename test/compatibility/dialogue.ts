/** One request of a dialogue. `body` is JSON, whatever the content type. */
export interface Step {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly type?: 'json' | 'merge' | 'strategic' | 'apply';
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Requests that build on each other, on objects of their own. */
export interface Dialogue { readonly name: string; readonly steps: readonly Step[] }

/** What a server answered, without what differs from run to run. */
export interface Answer {
  readonly code: number;
  readonly object?: unknown;
  readonly reason?: string;
  /** Sorted. */
  readonly causes?: readonly (readonly [field: string, reason: string])[];
}

export interface RecordedStep { readonly dialogue: string; readonly step: number; readonly answer: Answer }

export function fileOf(dialogue: string): string {
  return `${dialogue.replaceAll(/[^a-z]+/g, '-')}.jsonl`;
}

const mediaTypes = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml' } as const;

export async function play(step: Step, server: string, token: string, fetchFrom: typeof fetch = fetch): Promise<Answer> {
  const query = new URLSearchParams(step.query).toString();
  const response = await fetchFrom(`${server}${step.path}${query ? `?${query}` : ''}`, {
    method: step.method,
    headers: { authorization: `Bearer ${token}`, 'user-agent': 'dialogue', 'content-type': step.type ? mediaTypes[step.type] : 'application/json' },
    ...(step.body === undefined ? {} : { body: JSON.stringify(step.body) }),
  });
  const text = await response.text();
  return answerOf(response.status, text.startsWith('{') ? JSON.parse(text) : { kind: 'Status' });
}

interface StatusBody { kind?: string; reason?: string; details?: { causes?: { field?: string; reason?: string }[] } }

function answerOf(code: number, body: unknown): Answer {
  if (code < 400) return { code, object: (body as StatusBody).kind === 'Status' ? {} : mask(body) };
  const { reason, details } = body as StatusBody;
  const causes = (details?.causes ?? []).map((c) => [c.field ?? '', c.reason ?? ''] as const).sort((a, b) => (a.join() < b.join() ? -1 : 1));
  return { code, reason: reason ?? '', ...(causes.length > 0 ? { causes } : {}) };
}

const varying = new Set(['resourceVersion', 'creationTimestamp', 'uid', 'time', 'clusterIP', 'clusterIPs', 'lastTransitionTime', 'storageVersionHash']);

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, inner]) => !(varying.has(key) && inner !== null)).map(([key, inner]) => [key, mask(inner)]));
}
