import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application, Gate, Track } from '../../src/api/application/application.ts';
import { Applications, Deliveries } from '../../src/api/kinds.ts';
import { ENDED_PHASES, type Release } from '../../src/api/release/release.ts';
import { Deployments, Pods } from '../../src/client/kinds.ts';
import type { Pod } from '../../src/kubernetes/types.generated.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

/** `npm run soak` sets it: every scenario with both routers, and so it is on Kubernetes's own control plane. Otherwise each scenario runs with one of them. */
const WIDE = process.env['AWEIGH_SOAK'] !== undefined || !isEmbedded;
const RATE = 120;
const FREE_PERCENT = 50;
const key = { namespace: 'default', name: APPLICATION };
type RouterKind = 'haproxy' | 'builtin';

/** One after the other on one cluster under load that never ends; each router has a file of its own, so that they run beside each other. */
export function releaseScenarios(router: RouterKind): void {
  let cluster: TestCluster;
  let traffic: Traffic;
  let usualGates: readonly Gate[] = [];

  beforeAll(async () => {
    cluster = await TestCluster.start({ router });
    await cluster.applyExample((application) => {
      usualGates = twoTracks(application);
    });
    await cluster.push('v1.17.0', versionFolder('v1.17.0'));
    expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
    traffic = await Traffic.start(cluster, RATE);
  });
  afterAll(() => cluster?.stop());

  /** @param compact routers with which `npm test` runs it */
  const scenario = (rule: string, compact: readonly RouterKind[], body: () => Promise<void>): void => {
    if (WIDE || compact.includes(router)) test(rule, body);
  };

  const push = (version: string, folder?: string): Promise<void> => cluster.push(version, folder);
  const release = (verb: string, name: string, ...args: string[]): Promise<string> => cluster.aweigh('release', verb, APPLICATION, '--release', `${APPLICATION}-${name}`, ...args);
  const phaseOf = async (name: string): Promise<string | undefined> => (await cluster.releaseEnds(name)).status?.phase;
  const change = async (spec: Partial<Application['spec']>): Promise<void> => { await (await cluster.client()).patch(Applications, key, { spec }); };
  const application = async (): Promise<Application> => (await cluster.client()).get(Applications, key);

  async function gatesOf(name: 'free' | 'production', gates: readonly Gate[]): Promise<void> {
    const { tracks } = (await application()).spec;
    await change({ tracks: tracks.map((track): Track => (track.name === name ? { ...track, gates: [...gates] } : track)) });
  }
  const freeGates = (gates: readonly Gate[]): Promise<void> => gatesOf('free', gates);

  /** Waits until a release is in that state, and fails where it ends before. */
  function comes(name: string, what: string, is: (release: Release) => boolean): Promise<Release> {
    return eventually(`release ${name} ${what}`, async () => {
      const found = await cluster.release(name);
      if (found === undefined || is(found)) return found;
      expect(ENDED_PHASES, `${name} ended before it was ${what}: ${found.status?.message}`).not.toContain(found.status?.phase);
      return undefined;
    }, 180_000);
  }
  const reaches = (name: string, track: string): Promise<Release> => comes(name, `on ${track}`, (r) => r.status?.tracks?.some((t) => t.name === track) === true);
  const waitsForApproval = (name: string): Promise<Release> => comes(name, 'waiting for approval', (r) => r.status?.tracks?.some((t) => t.phase === 'Verifying' && t.gates?.some((g) => g.kind === 'approval' && g.state === 'Waiting')) === true);

  async function everyTrackServes(version: string): Promise<void> {
    await eventually(`${version} on every track`, async () => {
      const { status, spec } = await application();
      return status?.tracks?.length === spec.tracks.length && status.tracks.every((t) => t.version === version) ? true : undefined;
    });
  }

  /** v1.18.0 with one file replaced. */
  function spoiled(name: string, file: string, text: string): string {
    const folder = join(cluster.data, name);
    cpSync(versionFolder('v1.18.0'), folder, { recursive: true });
    writeFileSync(join(folder, file), text);
    return folder;
  }
  const failsItsTest = (name: string): string => spoiled(name, 'smoke.ts', 'process.exit(1);\n');
  const neverReady = (name: string): string => spoiled(name, 'server.ts', 'setInterval(() => {}, 60_000);\n');

  scenario('good to bad, bad to bad and bad to good: each build goes exactly as far as it may', ['haproxy'], async () => {
    await push('v2.0.0');
    await reaches('v2.0.0', 'production');
    await push('v2.1.0', failsItsTest('v2.1.0'));
    await reaches('v2.1.0', 'free');
    await push('v2.2.0', failsItsTest('v2.2.0'));
    await reaches('v2.2.0', 'free');
    await push('v2.3.0');
    expect([await phaseOf('v2.0.0'), await phaseOf('v2.1.0'), await phaseOf('v2.2.0'), await phaseOf('v2.3.0')]).toEqual(['Completed', 'Failed', 'Failed', 'Completed']);
    await everyTrackServes('v2.3.0');
  });

  scenario('kill -9 of a router in mid-release cuts at most what was open on it, and the release ends as it would have', ['haproxy', 'builtin'], async () => {
    await push('v3.0.0');
    await reaches('v3.0.0', 'free');
    const pods = (): Promise<Pod[]> => cluster.client().then(async (client) => (await client.list(Pods, { namespace: 'default', labelSelector: `aweigh.dev/router=${APPLICATION}-haproxy` })).items);
    const [victim] = await pods();
    const name = victim?.metadata?.name ?? '';
    const pid = Number(await cluster.kubectl('exec', name, '--', 'sh', '-c', 'cat "${POD_ROOT:-}/run/aweigh-router/pid"'));
    await traffic.kill('router', pid);
    await eventually('the killed router to serve again', async () => {
      const pod = (await pods()).find((p) => p.metadata?.name === name);
      const ready = pod?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
      return ready && (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0 ? true : undefined;
    });
    expect(await phaseOf('v3.0.0')).toBe('Completed');
    await everyTrackServes('v3.0.0');
  });

  scenario('a build that waits is superseded by a newer one, an aborted one gives its track back, a promoted one skips its gates', ['builtin'], async () => {
    await freeGates([{ name: 'go', approval: {} }]);
    await push('v4.0.0');
    await waitsForApproval('v4.0.0');
    await push('v4.1.0');
    await push('v4.2.0');
    expect(await phaseOf('v4.1.0')).toBe('Superseded');
    await release('abort', 'v4.0.0', '--reason', 'the numbers look odd');
    expect(await phaseOf('v4.0.0')).toBe('Aborted');
    await reaches('v4.2.0', 'free');
    await release('promote', 'v4.2.0', '--track', '*', '--reason', 'known to be good');
    expect(await phaseOf('v4.2.0')).toBe('Completed');
    await everyTrackServes('v4.2.0');
  });

  scenario('a rollback ends the retry that moves, and a second rollback takes over from the first', ['builtin'], async () => {
    await freeGates([{ name: 'go', approval: {} }]);
    // So that it cannot end before it is taken over.
    await gatesOf('production', [{ name: 'stay', approval: {} }]);
    const before = (await application()).status?.productionBuild;
    await push('v5.0.0');
    await waitsForApproval('v5.0.0');
    await release('abort', 'v5.0.0');
    expect(await phaseOf('v5.0.0')).toBe('Aborted');
    await cluster.aweigh('release', 'retry', APPLICATION, '--to', 'v5.0.0');
    await reaches('v5.0.0-retry-2', 'free');
    await release('promote', 'v5.0.0-retry-2', '--track', 'free');
    await reaches('v5.0.0-retry-2', 'production');
    await cluster.aweigh('release', 'rollback', APPLICATION, '--to', 'v1.17.0');
    expect(await phaseOf('v5.0.0-retry-2')).toBe('Aborted');
    const version = before?.slice(APPLICATION.length + 1) ?? '';
    await cluster.aweigh('release', 'rollback', APPLICATION, '--to', version);
    expect(['Aborted', 'Superseded', 'Completed']).toContain(await phaseOf('v1.17.0-rollback-1'));
    expect(await phaseOf(`${version}-rollback-1`)).toBe('Completed');
    await everyTrackServes(version);
    await gatesOf('production', []);
  });

  scenario('an inconclusive analysis pauses the release, and a person takes it on', ['builtin'], async () => {
    await freeGates([{ name: 'errors', analysis: { durationSeconds: 1, minimumSample: 1_000_000, metrics: [{ name: 'errors', source: { router: 'errorRatio' }, max: 0.01 }] } }]);
    await push('v6.0.0');
    const paused = await comes('v6.0.0', 'paused', (r) => r.status?.phase === 'Paused');
    expect(paused.status?.reason).toBe('Inconclusive');
    await release('promote', 'v6.0.0', '--track', 'free', '--reason', 'too few users at night');
    expect(await phaseOf('v6.0.0')).toBe('Completed');
  });

  scenario('the template and the replicas change at once while a build is pushed', ['haproxy'], async () => {
    await freeGates(usualGates);
    const { template, tracks } = (await application()).spec;
    const [container] = template.spec?.containers ?? [];
    if (container === undefined) throw new Error('The example has no container');
    await Promise.all([
      change({
        template: { ...template, spec: { ...template.spec, containers: [{ ...container, env: [...(container.env ?? []), { name: 'COLOUR', value: 'green' }] }] } },
        tracks: tracks.map((track) => (track.name === 'production' ? { ...track, replicas: 3 } : track)),
      }),
      push('v7.0.0'),
    ]);
    expect(await phaseOf('v7.0.0')).toBe('Completed');
    await everyTrackServes('v7.0.0');
    const deployment = await (await cluster.client()).get(Deployments, { namespace: 'default', name: `${APPLICATION}-production-v7.0.0` });
    expect(deployment.spec?.replicas).toBe(3);
    expect(deployment.spec?.template.spec?.containers[0]?.env).toContainEqual({ name: 'COLOUR', value: 'green' });
  });

  scenario('a release that is paused outlasts its progress deadline, and fails by it when it goes on', [], async () => {
    await freeGates(usualGates);
    const progressDeadlineSeconds = 20;
    await change({ progressDeadlineSeconds });
    await push('v8.0.0', neverReady('v8.0.0'));
    const { status } = await reaches('v8.0.0', 'free');
    await release('pause', 'v8.0.0');
    const until = Date.parse(status?.startedAt ?? '') + (progressDeadlineSeconds + 2) * 1_000;
    const still = await comes('v8.0.0', 'past its deadline', () => Date.now() > until);
    expect(still.status?.phase).toBe('Paused');
    await release('resume', 'v8.0.0');
    expect((await cluster.releaseEnds('v8.0.0')).status?.history?.map((h) => h.reason)).toContain('ProgressDeadlineExceeded');
    await change({ progressDeadlineSeconds: 300 });
  });

  scenario('what production served before stays at full size for the stated time, then goes', [], async () => {
    await freeGates(usualGates);
    const keepWarmSeconds = 8;
    await change({ keepWarmSeconds });
    const before = (await application()).status?.productionBuild ?? '';
    await push('v9.0.0');
    const shiftedAt = Date.parse((await cluster.releaseEnds('v9.0.0')).status?.tracks?.at(-1)?.shiftedAt ?? '');
    const warm = async (): Promise<boolean> => (await (await cluster.client()).get(Deliveries, key)).spec.tracks.at(-1)?.builds.some((b) => b.build === before) === true;
    const leftAt = await eventually(`${before} to leave production`, async () => ((await warm()) ? undefined : Date.now()));
    expect(leftAt - shiftedAt).toBeGreaterThanOrEqual(keepWarmSeconds * 1_000);
    await change({ keepWarmSeconds: 0 });
  });

  test('through all of it no request failed, nobody was misrouted and no user changed version without cause', async () => {
    await traffic.more(2 * RATE);
    const { examples, switchIntervalsMs, ...verdict } = await traffic.verdict();
    expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0 });
    expect(switchIntervalsMs.length).toBeGreaterThan(0);
    console.log(`${router}: ${JSON.stringify(verdict)}, switch intervals ${switchIntervalsMs.join(', ')} ms`);
  });

  // Elsewhere the record stands in a volume that goes with its pod: rebuilt-cluster.test.ts has it on a git server.
  if (isEmbedded) scenario('a cluster rebuilt from the record in mid-release has the same versions, sizes and shares, and the release goes on', [], async () => {
    await freeGates([{ name: 'go', approval: {} }]);
    await push('v10.0.0');
    await waitsForApproval('v10.0.0');
    const held = async (of: TestCluster): Promise<unknown> => (await (await of.client()).get(Deliveries, key)).spec.tracks;
    const before = await held(cluster);
    const lost = cluster;
    await lost.plane.down();
    cluster = await TestCluster.start({ router, prepare: (data) => cpSync(join(lost.data, 'images'), join(data, 'images'), { recursive: true }) });
    // No record brings it back, and pods are told at their start where it is.
    await cluster.applyProfileService();
    await cluster.plane.down();
    rmSync(join(cluster.data, 'record'), { recursive: true });
    cpSync(join(lost.data, 'record'), join(cluster.data, 'record'), { recursive: true });
    await cluster.plane.up();
    await lost.stop();
    expect(await eventually('the Delivery to be there again', () => held(cluster))).toEqual(before);
    const again = await Traffic.start(cluster, RATE);
    await waitsForApproval('v10.0.0');
    expect(await held(cluster)).toEqual(before);
    await release('approve', 'v10.0.0');
    expect(await phaseOf('v10.0.0')).toBe('Completed');
    const { examples, ...verdict } = await again.verdict();
    expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
  });
}

/** Half of the free users, then everybody: the shortest way that has a cohort. Returns the gates of the first track. */
function twoTracks({ spec }: Application): readonly Gate[] {
  const internal = spec.tracks.find((t) => t.name === 'internal');
  const gates = internal?.gates ?? [];
  spec.tracks = spec.tracks.filter((t) => t.name === 'free' || t.name === 'production').map((t) => (t.name === 'free' ? { ...t, percent: FREE_PERCENT, gates } : t));
  return gates;
}
