import { afterAll, beforeAll, expect, test } from 'vitest';
import { Applications } from '../../src/api/kinds.ts';
import { Deployments } from '../../src/client/kinds.ts';
import { identify, isRunning } from '../../src/cli/processes/process-identity.ts';
import { eventually } from '../e2e/command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from '../e2e/test-cluster.ts';

const ROUNDS = 3;
const SYSTEM = 'aweigh-system';
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.applyExample(({ spec }) => { spec.tracks = spec.tracks.filter((t) => t.name === 'production').map(({ gates: _, ...track }) => ({ ...track, replicas: 1 })); });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
afterAll(() => cluster?.stop());

/** From the blow until a wish of after the blow is a Deployment. */
async function atWorkAgainMs(blow: (pid: number) => unknown): Promise<number> {
  const client = await cluster.client();
  const before = identify(await cluster.plane.pid('controllers'));
  if (before === undefined) throw new Error('No controllers run');
  const startedAt = Date.now();
  await blow(before.pid);
  await eventually('the controllers to be gone', () => (isRunning(before) ? undefined : true), 60_000, 5);
  const { spec } = await client.get(Applications, { namespace: 'default', name: APPLICATION });
  const tracks = spec.tracks.map((track) => ({ ...track, replicas: 3 - track.replicas }));
  await client.patch(Applications, { namespace: 'default', name: APPLICATION }, { spec: { tracks } });
  const deployment = { namespace: 'default', name: `${APPLICATION}-production-v1.17.0` };
  await eventually('the wish to be followed', async () => ((await client.get(Deployments, deployment)).spec?.replicas === tracks[0]?.replicas ? true : undefined), 120_000, 5);
  return Date.now() - startedAt;
}

const deletePod = (...args: string[]): Promise<string> => cluster.kubectl('-n', SYSTEM, 'delete', 'pods', '-l', 'app.kubernetes.io/name=aweigh', '--wait=false', ...args);

// How long it takes is measured, not asserted: the machine is shared.
test.for([
  { how: 'its pod is deleted: the Lease is released on the way out', blow: () => deletePod() },
  { how: 'kill -9 of the process: the next of its pod bears the same name', blow: (pid: number) => process.kill(pid, 'SIGKILL') },
  { how: 'its pod is lost without a word: nobody waits for the Lease of one that is gone', blow: () => deletePod('--grace-period=0', '--force') },
])('the controllers are at work again after $how', async ({ how, blow }) => {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) took.push(await atWorkAgainMs(blow));
  console.log(`${how}: ${took.join(', ')} ms`);
  expect(took.length).toBe(ROUNDS);
});
