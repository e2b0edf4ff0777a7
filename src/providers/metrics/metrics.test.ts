import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askWebhook } from '../webhook-gate/ask-webhook.ts';
import { queryPrometheus } from './prometheus.ts';

async function serve(status: number, body: string): Promise<string> {
  const server = createServer((_, reply) => reply.writeHead(status).end(body)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const vector = (...values: string[]) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result: values.map((v) => ({ metric: {}, value: [0, v] })) } });
const never = new AbortController().signal;

test.for([
  { when: 'one series', body: vector('0.25'), then: 0.25 },
  { when: 'a scalar', body: JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [0, '3'] } }), then: 3 },
])('Prometheus answers $when', async ({ body, then }) => {
  expect(await queryPrometheus(await serve(200, body), 'up', never)).toBe(then);
});

test.for([
  { when: 'nothing', status: 200, body: vector(), says: /gives nothing at 127.0.0.1/ },
  { when: 'NaN', status: 200, body: vector('NaN'), says: /gives NaN at .* a metric needs a number/ },
  { when: 'infinity', status: 200, body: vector('+Inf'), says: /gives \+Inf/ },
  { when: 'HTML', status: 200, body: '<html>', says: /not Prometheus's JSON/ },
  { when: 'a refusal', status: 400, body: '{"status":"error","error":"parse error"}', says: /refused the query: parse error/ },
  { when: 'two series', status: 200, body: vector('1', '2'), says: /2 series/ },
])('Prometheus answers $when: refused', async ({ status, body, says }) => {
  await expect(queryPrometheus(await serve(status, body), 'up', never)).rejects.toThrow(says);
});

test('a webhook gate takes only a clear verdict', async () => {
  expect(await askWebhook(await serve(200, '{"verdict":"pass","message":"ok"}'), {}, 1_000, never)).toEqual({ verdict: 'pass', message: 'ok' });
  await expect(askWebhook(await serve(200, '{"ok":true}'), {}, 1_000, never)).rejects.toThrow(/no verdict/);
  await expect(askWebhook(await serve(500, ''), {}, 1_000, never)).rejects.toThrow(/answered 500/);
});
