import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps } from '../../../client/kinds.ts';
import { systemClock, systemRandom } from '../../../runtime/system-clock.ts';
import { WorkQueue } from '../../../runtime/work-queue.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture, client: Client;

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

/** Values by name and labels. */
async function metrics(): Promise<Map<string, number>> {
  const text = (await client.raw('GET', '/metrics')).body.toString();
  return new Map(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const labels = (verb: string, scope: string): string => `component="apiserver",dry_run="",group="",resource="configmaps",scope="${scope}",subresource="",verb="${verb}",version="v1"`;

test('requests are counted and timed by what they were for, watches while they last', async () => {
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
  await expect(client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } })).rejects.toThrow();
  await client.list(ConfigMaps);
  const ending = new AbortController();
  const watching = (async () => { for await (const _event of client.watch(ConfigMaps, { namespace: 'default', resourceVersion: '0', signal: ending.signal })) { /* Until it is ended. */ } })().catch(() => undefined);
  await vi.waitFor(async () => expect((await metrics()).get(`apiserver_longrunning_requests{${labels('WATCH', 'namespace')}}`)).toBe(1), { timeout: 30_000 });
  const seen = await metrics();
  expect(seen.get(`apiserver_request_total{code="201",${labels('POST', 'namespace')}}`)).toBe(1);
  expect(seen.get(`apiserver_request_total{code="409",${labels('POST', 'namespace')}}`)).toBe(1);
  expect(seen.get(`apiserver_request_duration_seconds_count{${labels('POST', 'namespace')}}`)).toBe(2);
  expect(seen.get(`apiserver_request_duration_seconds_bucket{${labels('LIST', 'cluster')},le="+Inf"}`)).toBe(1);
  expect(seen.get('apiserver_current_inflight_requests{request_kind="mutating"}')).toBe(0);
  expect(seen.get('apiserver_storage_objects{resource="configmaps"}')).toBe(seen.get('apiserver_resource_objects{group="",resource="configmaps"}'));
  expect(seen.get('apiserver_storage_size_bytes{storage_cluster_id="embedded"}')).toBeGreaterThan(0);
  expect(seen.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  ending.abort();
  await watching;
  await vi.waitFor(async () => expect((await metrics()).get(`apiserver_longrunning_requests{${labels('WATCH', 'namespace')}}`)).toBe(0), { timeout: 30_000 });
});

test('the queues of the controllers in the process are shown while they are open', async () => {
  const queue = new WorkQueue({ clock: systemClock, random: systemRandom, name: 'tester' });
  queue.add('a');
  queue.add('b');
  queue.addRateLimited('c');
  await queue.take();
  const seen = await metrics();
  expect(seen.get('workqueue_adds_total{name="tester"}')).toBeGreaterThanOrEqual(2);
  expect(seen.get('workqueue_retries_total{name="tester"}')).toBe(1);
  expect(seen.get('workqueue_queue_duration_seconds_count{name="tester"}')).toBe(1);
  expect(seen.get('workqueue_depth{name="tester"}')).toBeGreaterThanOrEqual(1);
  queue.done('a');
  expect((await metrics()).get('workqueue_work_duration_seconds_count{name="tester"}')).toBe(1);
  queue.close();
  expect([...(await metrics()).keys()].filter((name) => name.includes('tester'))).toEqual([]);
});
