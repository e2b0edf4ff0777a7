import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application } from '../../src/api/application/application.ts';
import { Applications } from '../../src/api/kinds.ts';
import { Pods, Services } from '../../src/client/kinds.ts';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

const RATE = 100;
const namespace = 'default';
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start({ router: 'haproxy' });
  await cluster.applyExample();
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  await cluster.releaseEnds('v1.17.0');
});
afterAll(() => cluster.stop());

const addLines = (frontend: string) => cluster.kubectl('patch', 'application', APPLICATION, '--type', 'merge', '-p', JSON.stringify({ spec: { router: { haproxy: { frontend } } } }));
const readyRouters = async (): Promise<string[]> => {
  const { items } = await (await cluster.client()).list(Pods, { namespace, labelSelector: `aweigh.dev/router=${APPLICATION}-haproxy` });
  return items.filter((p) => p.metadata?.deletionTimestamp === undefined && p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')).map((p) => p.metadata?.name ?? '').sort();
};
const region = async (): Promise<string | null> => {
  const service = await (await cluster.client()).get(Services, { namespace, name: `${APPLICATION}-haproxy` });
  const reply = await fetch(`http://${service.spec?.clusterIP}:8080/account`, { headers: { 'X-User-Id': 'probe', 'X-Traffic-Group': 'ENTERPRISE', Connection: 'close' } });
  await reply.arrayBuffer();
  return reply.headers.get('x-region');
};
const verdictOnLines = async () => ((await (await cluster.client()).get(Applications, { namespace, name: APPLICATION })) as Application).status?.conditions?.find((c) => c.type === 'RouterConfigValid');

test("a person's own lines replace the routers one by one and fail no request; lines that HAProxy refuses change nothing", async () => {
  const traffic = await Traffic.start(cluster, RATE);
  const before = await readyRouters();
  await addLines('http-response set-header X-Region eu');
  const replaced = await eventually('both routers to be new ones', async () => {
    const now = await readyRouters();
    return now.length === 2 && now.every((name) => !before.includes(name)) ? now : undefined;
  }, 120_000);
  await eventually('the new line to be in force', async () => ((await region()) === 'eu' ? true : undefined));

  await addLines('http-response set-header X-Region eu\nhttp-request blow-up');
  const refused = await eventually('the verdict on the lines', async () => {
    const condition = await verdictOnLines();
    return condition?.status === 'False' ? condition : undefined;
  });
  expect(refused.message).toMatch(/^spec\.router\.haproxy\.frontend, line 2 'http-request blow-up': /);
  await traffic.more(RATE * 3);
  expect(await readyRouters()).toEqual(replaced);
  expect(await region()).toBe('eu');
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0 });
});
