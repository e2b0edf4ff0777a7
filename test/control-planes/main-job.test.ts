import { afterEach, expect, test } from 'vitest';
import type { Application } from '../../src/api/application/application.ts';
import { APPLICATION, TestCluster, versionFolder } from '../e2e/test-cluster.ts';
import { Traffic } from '../e2e/traffic.ts';

const RATE = 200;
const TRACKS = ['internal', 'free', 'paid', 'production'];
let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());

/** The embedded cluster shows the same with `aweigh demo` (test/e2e/main-job.test.ts). */
test.for(['haproxy', 'builtin'] as const)('a release goes from internal through free and paid to production under load: no request fails, every cohort is kept, through %s', async (router) => {
  cluster = await TestCluster.start({ router });
  await cluster.applyExample();
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
  const traffic = await Traffic.start(cluster, RATE);
  await cluster.push('v1.18.0');
  const { status } = await cluster.releaseEnds('v1.18.0');
  await traffic.more(RATE);
  const { examples, ...verdict } = await traffic.verdict();
  console.log(`${router}: ${JSON.stringify(verdict)}`);
  expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
  expect(status?.tracks?.map((t) => `${t.name} ${t.phase}`)).toEqual(TRACKS.map((track) => `${track} Passed`));
  const { status: served } = await cluster.get<Application>('application', APPLICATION);
  expect(served?.tracks?.map((t) => `${t.name} ${t.version}`)).toEqual(TRACKS.map((track) => `${track} v1.18.0`));
});
