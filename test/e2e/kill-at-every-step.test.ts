import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Builds } from '../../src/api/kinds.ts';
import { Pods } from '../../src/client/kinds.ts';
import { planFile, tallyFile, type FaultPlan, type FaultTally } from '../../src/cli/processes/faults.ts';
import { eventually, run, succeeded } from './command-line.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

/** `npm run soak` sets it: at the first dozen steps of every kind, or as many as AWEIGH_KILLS says, so that what each start does again uses up its share and then passes. */
const LONG = process.env['AWEIGH_SOAK'] !== undefined;
/** Every kind of step, also on Kubernetes's own control plane. Otherwise those that are named. */
const WIDE = LONG || !isEmbedded;
/** Half of them before the step, half of them after it. */
const KILLS_PER_KIND = LONG ? Number(process.env['AWEIGH_KILLS'] ?? 12) : 2;
const DEADLINE_MS = WIDE ? 1_800_000 : 240_000;
const RATE = 100;
const faults = mkdtempSync(join(tmpdir(), 'aweigh-faults-'));
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start({ faults });
  await cluster.applyExample(({ spec }) => {
    const smoke = spec.tracks[0]?.gates?.filter((gate) => 'testJob' in gate);
    spec.tracks = spec.tracks.filter((t) => t.name === 'free' || t.name === 'production');
    for (const track of spec.tracks) Object.assign(track, { replicas: 1, endpointFloor: 1 });
    Object.assign(spec.tracks[0] ?? {}, { gates: smoke });
    // Kills cost time: no release may fail for that.
    spec.progressDeadlineSeconds = 3_600;
  });
  await succeeded(run('git', ['init', '-q', '--bare', '--initial-branch=main', remote()]));
  await cluster.aweigh('apply', cluster.file('record.yaml', `apiVersion: aweigh.dev/v1alpha1\nkind: RecordRepository\nmetadata: { name: default }\nspec: { remote: { url: 'file://${remote()}' } }\n`));
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(faults, { recursive: true, force: true });
});

const remote = (): string => join(cluster.data, 'record.git');
const head = async (repository: string): Promise<string> => (await succeeded(run('git', ['-C', repository, 'rev-parse', 'main']))).out;

async function restarts(): Promise<number> {
  const { items } = await (await cluster.client()).list(Pods, { namespace: 'default' });
  return items.flatMap((pod) => pod.status?.containerStatuses ?? []).reduce((sum, c) => sum + c.restartCount, 0);
}

test.for([
  { part: 'controllers', version: 'v1.18.0', kinds: ['create Release', 'updateStatus Release', 'create Job', 'update Delivery', 'commit', 'exchange', 'apply Deployment', 'apply Router', 'tell set server', 'tell set map', 'patch Router/status', ...(isEmbedded ? ['create Pod'] : [])] },
  { part: 'node', version: 'v1.19.0', kinds: ['patch Pod/status', 'delete Pod'] },
] satisfies { part: 'controllers' | 'node'; version: string; kinds: string[] }[])('kill -9 of the $part process before and after its steps: no request fails, no pod restarts, the release ends as it would have', { timeout: DEADLINE_MS + 120_000 }, async ({ part, version, kinds }) => {
  await cluster.aweigh('image', 'build', versionFolder('v1.18.0'), '--tag', `${APPLICATION}:${version}`);
  const traffic = await Traffic.start(cluster, RATE);
  const process = part === 'controllers' ? cluster.plane.controllers : part;
  writeFileSync(planFile(faults, process), JSON.stringify({ every: 1, perKind: KILLS_PER_KIND, ...(WIDE ? {} : { kinds }) } satisfies FaultPlan));
  await eventually(`Build ${version} to be taken`, async () => {
    await cluster.tryAweigh('push', APPLICATION, `${APPLICATION}:${version}`, '--version', version);
    return (await cluster.client()).get(Builds, { namespace: 'default', name: `${APPLICATION}-${version}` });
  });
  const release = await cluster.releaseEnds(version, DEADLINE_MS);
  // What a release leaves to be cleaned up may come after its end.
  const tally = await eventually(`a kill before and after each of ${kinds.join(', ')}`, () => {
    const found = JSON.parse(readFileSync(tallyFile(faults, process), 'utf8')) as FaultTally;
    const missing = kinds.flatMap((kind) => ['before', 'after'].filter((when) => !found.kills.some((k) => k.kind === kind && k.when === when)).map((when) => `${when} ${kind}`));
    if (missing.length > 0) throw new Error(`None yet ${missing.join(', ')}, of ${JSON.stringify(found.steps)}`);
    return found;
  });
  rmSync(planFile(faults, process));
  await traffic.more(RATE);
  const { examples, ...verdict } = await traffic.verdict();
  console.log(`${part}: ${tally.kills.length} kills at ${Object.entries(tally.steps).map(([kind, n]) => `${n} ${kind}`).join(', ')}; ${JSON.stringify(verdict)}`);
  expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
  expect(release.status?.phase, release.status?.message).toBe('Completed');
  expect(release.status?.tracks?.map((t) => `${t.name} ${t.phase}`)).toEqual(['free Passed', 'production Passed']);
  expect(await restarts()).toBe(0);
  await eventually('the git server to have every commit', async () => ((await head(remote())) === (await head(await cluster.plane.record())) ? true : undefined));
});
