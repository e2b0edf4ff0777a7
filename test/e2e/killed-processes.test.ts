import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Release } from '../../src/api/release/release.ts';
import { eventually } from './command-line.ts';
import { supervised } from '../control-planes/embedded.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

const RATE = 200;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.applyExample();
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
afterAll(() => cluster?.stop());

interface PodList { items: { metadata: { name: string; uid: string }; status: { containerStatuses?: { restartCount: number }[]; phase: string } }[] }

const restarts = async (): Promise<number> => (await cluster.get<PodList>('pods')).items.reduce((sum, pod) => sum + (pod.status.containerStatuses ?? []).reduce((n, c) => n + c.restartCount, 0), 0);

async function reaches(version: string, track: string): Promise<void> {
  await eventually(`${version} on ${track}`, async () => {
    const release = await cluster.get<Release>('release', `${APPLICATION}-${version}`);
    return release.status?.track === track || release.status?.phase === 'Completed' ? true : undefined;
  }, 90_000);
}

test('kill -9 of controllers and node process in a release fails no request, restarts no pod and changes no outcome', async () => {
  const before = await restarts();
  const traffic = await Traffic.start(cluster, RATE);
  await cluster.push('v1.18.0');
  await traffic.more(RATE);
  for (const [track, part] of [['internal', 'controllers'], ['free', 'node'], ['paid', 'controllers'], ['production', 'node']] as const) {
    await reaches('v1.18.0', track);
    const pid = await cluster.plane.pid(part);
    process.kill(pid, 'SIGKILL');
    await eventually(`${part} to be started again`, async () => ((await cluster.plane.pid(part)) === pid ? undefined : true));
    await eventually('the API to answer', async () => ((await cluster.tryKubectl('get', 'nodes')).code === 0 ? true : undefined));
  }
  expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
  await traffic.more(RATE);
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
  expect(await restarts()).toBe(before);
});

test.runIf(isEmbedded)('kill -9 of the supervisor stops nothing, and the next aweigh up takes over what runs', async () => {
  const running = (): Promise<number[]> => Promise.all((['controllers', 'node', 'network'] as const).map((part) => cluster.plane.pid(part)));
  const pids = await running();
  const traffic = await Traffic.start(cluster, RATE);
  process.kill(supervised(cluster.data, 'supervisor'), 'SIGKILL');
  await traffic.more(RATE);
  await cluster.plane.up();
  await traffic.more(RATE);
  expect(await running()).toEqual(pids);
  expect(await traffic.verdict()).toMatchObject({ failed: 0, misrouted: 0 });
});

test('kill -9 of the network process cuts at most the requests that were open on it', async () => {
  const traffic = await Traffic.start(cluster, RATE);
  await traffic.more(RATE);
  const pid = await cluster.plane.pid('network');
  await traffic.kill('network', pid);
  await eventually('the network process to be started again', async () => ((await cluster.plane.pid('network')) === pid ? undefined : true));
  await traffic.more(3 * RATE);
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0 });
});
