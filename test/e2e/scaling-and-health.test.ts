import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Applications, Deliveries } from '../../src/api/kinds.ts';
import type { Release } from '../../src/api/release/release.ts';
import { Deployments } from '../../src/client/kinds.ts';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

const RATE = 60;
const MOST = 3;
const FREE_PERCENT = 80;
const namespace = 'default';
let cluster: TestCluster;
let traffic: Traffic;

beforeAll(async () => {
  cluster = await TestCluster.start({ router: 'builtin' });
  await cluster.applyExample(({ spec }) => {
    spec.tracks = spec.tracks.filter((t) => t.name === 'free' || t.name === 'production').map((t) => ({
      ...t, replicas: 1, ...(t.name === 'free' ? { percent: FREE_PERCENT, gates: [{ name: 'go', approval: {} }] } : { autoscaling: { maxReplicas: MOST, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 1 } } }] } }),
    }));
    spec.router = { ...spec.router, replicas: 1, floor: 1 };
    spec.abort = { steps: [50, 20], intervalSeconds: 1 };
  });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
  traffic = await Traffic.start(cluster, RATE);
});
afterAll(() => cluster?.stop());

const waits = (release: Release | undefined): boolean => release?.status?.tracks?.some((t) => t.phase === 'Verifying' && t.gates?.some((g) => g.kind === 'approval' && g.state === 'Waiting')) === true;
const pushedToFree = async (version: string): Promise<void> => {
  await cluster.push(version);
  await eventually(`${version} to wait for approval`, async () => (waits(await cluster.release(version)) ? true : undefined), 180_000);
};
const replicas = async (version: string): Promise<number | undefined> => (await (await cluster.client()).get(Deployments, { namespace, name: `${APPLICATION}-production-${version}` })).spec?.replicas;

test('an abort takes the users back in the steps that the Application says', async () => {
  await pushedToFree('v1.18.0');
  await cluster.aweigh('release', 'abort', APPLICATION, '--reason', 'the numbers look odd');
  expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Aborted');
  const shares = traffic.sharesOf('FREE');
  expect(shares.filter((share) => share < FREE_PERCENT).slice(0, 2), `all of ${shares.join(', ')}`).toEqual([0.5 * FREE_PERCENT, 0.2 * FREE_PERCENT]);
  expect((await (await cluster.client()).get(Applications, { namespace, name: APPLICATION })).status?.tracks?.map((t) => t.version)).toEqual(['v1.17.0', 'v1.17.0']);
});

test('what an autoscaler adds in the middle of a release, the next version has before it takes the users', async () => {
  await pushedToFree('v1.19.0');
  await eventually(`production to have ${MOST} pods under load`, async () => ((await replicas('v1.17.0')) === MOST ? true : undefined), 180_000);
  await cluster.aweigh('release', 'approve', APPLICATION);
  const release = await cluster.releaseEnds('v1.19.0');
  expect(release.status?.phase, release.status?.message).toBe('Completed');
  expect(release.status?.history?.find((h) => h.reason === 'PodsReady' && h.track === 'production')?.message).toMatch(new RegExp(`of ${MOST} pods are ready`));
  expect((await (await cluster.client()).get(Deliveries, { namespace, name: APPLICATION })).spec.tracks.at(-1)?.builds, 'its number is its autoscaler\'s').toMatchObject([{ autoscaled: true }]);
  await traffic.more(2 * RATE);
  const { examples, ...verdict } = await traffic.verdict();
  expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
});

test('health and status say what is wrong, by their exit code too, and what nobody holds any more goes when told', async () => {
  interface Health { services: { service: string; state: string; findings: { rule: string; subject: string; next: string }[]; forgotten: { deployment: string }[] }[] }
  const well = await eventually('account-service to be healthy', async () => {
    const health = await cluster.tryAweigh('health', '-o', 'json');
    return health.code === 0 && (JSON.parse(health.out) as Health).services[0]?.state === 'healthy' ? health : undefined;
  });
  expect((JSON.parse(well.out) as Health).services).toMatchObject([{ service: APPLICATION, findings: [], forgotten: [] }]);
  expect(await cluster.aweigh('status')).toMatch(new RegExp(`^${APPLICATION} {4}routers 1/1 \\(builtin\\) {4}healthy$`, 'm'));

  // A service without an Application, of which one version was left behind.
  const labels = (version: string) => ({ app: 'ledger', tier: 'service', track: 'production', version });
  const deployment = (version: string) => ({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `ledger-${version}`, labels: labels(version) },
    spec: { replicas: 1, selector: { matchLabels: labels(version) }, template: { metadata: { labels: labels(version) }, spec: { containers: [{ name: 'app', image: 'profile-service:v1.0.0' }] } } },
  });
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'ledger', labels: { app: 'ledger', tier: 'service', track: 'production' } }, spec: { selector: labels('v2'), ports: [{ port: 80, targetPort: 8080 }] } };
  const policy = { apiVersion: 'aweigh.dev/v1alpha1', kind: 'HealthPolicy', metadata: { name: 'default', namespace }, spec: { forgottenAfterSeconds: 1, endpointFloor: 1, cleanUp: { afterSeconds: 1, selector: { matchLabels: { app: 'ledger' } } } } };
  await cluster.aweigh('apply', cluster.file('ledger.yaml', [policy, service, deployment('v1')].map((o) => stringify(o)).join('---\n')));
  const unwell = await cluster.tryAweigh('health', '-o', 'json');
  expect(unwell.code, unwell.err).toBe(3);
  expect(unwell.err).toMatch(/1 of 2 services is critical/);
  const [worst] = (JSON.parse(unwell.out) as Health).services;
  expect(worst).toMatchObject({ service: 'ledger', state: 'critical', findings: expect.arrayContaining([expect.objectContaining({ rule: 'TrackBelowFloor' })]) });
  expect((await cluster.tryAweigh('health', APPLICATION)).code, 'the other one is well').toBe(0);

  await cluster.aweigh('apply', cluster.file('ledger-v2.yaml', stringify(deployment('v2'))));
  await eventually('ledger to be no longer critical', async () => ((await cluster.tryAweigh('health')).code === 0 ? true : undefined));
  const plan = await eventually('the version left behind to be old enough', async () => {
    // The health controller looks when something changes.
    await cluster.kubectl('annotate', 'service', 'ledger', '--overwrite', `looked=${Date.now()}`);
    const items = JSON.parse(await cluster.aweigh('health', 'clean-up', '--dry-run', '-o', 'json')) as { name: string; verdict: string }[];
    return items.some((i) => i.verdict === 'delete') ? items : undefined;
  });
  expect(plan).toMatchObject([{ name: 'ledger-v1', verdict: 'delete' }]);
  expect(await cluster.kubectl('get', 'deployments', '-o', 'name')).toContain('ledger-v1');
  expect(await cluster.aweigh('health', 'clean-up')).toMatch(/ledger-v1 .*deleted/);
  expect(await cluster.kubectl('get', 'deployments', '-o', 'name')).not.toContain('ledger-v1');
});
