import { expect, test } from 'vitest';
import type { Track } from '../../api/application/application.ts';
import { ModelCluster, modelApplication } from './model-cluster.ts';
import { reconcile } from './reconcile.ts';

const app = 'account-service';
const serving = (cluster: ModelCluster) => Object.fromEntries((cluster.delivery?.spec.tracks ?? []).map((t) => [t.name, t.serving?.replace(`${app}-`, '')]));
const held = (cluster: ModelCluster, track: string) => cluster.delivery?.spec.tracks.find((t) => t.name === track)?.builds.map((b) => b.build.replace(`${app}-`, ''));
const reasons = (cluster: ModelCluster, name: string) => cluster.release(name).status?.history?.map((h) => h.reason);

function installed(change: Parameters<typeof modelApplication>[0] = {}): ModelCluster {
  const cluster = new ModelCluster(modelApplication(change));
  cluster.push('v1.17.0');
  cluster.settle();
  return cluster;
}

const withTracks = (change: (track: Track) => Track) => ({ tracks: modelApplication().spec.tracks.map(change) });
const everywhere = (version: string) => ({ internal: version, free: version, paid: version, production: version });

test('the first build goes to all tracks at once', () => {
  const cluster = installed();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(cluster.release(`${app}-v1.17.0`).status?.phase).toBe('Completed');
  expect(cluster.jobs).toEqual([]);
  expect(cluster.application.status).toMatchObject({ productionBuild: `${app}-v1.17.0`, conditions: [{ type: 'Ready', status: 'True' }] });
});

test('at rest nothing is written', () => {
  const cluster = installed();
  cluster.now += 3_600_000;
  expect(cluster.turn()).toEqual({ actions: [] });
});

test('a build goes from internal to production, track by track, and leaves no old pods', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  const seen: string[] = [];
  cluster.settle(() => {
    const now = Object.entries(serving(cluster)).filter(([, v]) => v === 'v1.18.0').map(([t]) => t).join(',');
    if (now !== seen.at(-1)) seen.push(now);
    return false;
  });
  expect(seen).toEqual(['', 'internal', 'internal,free', 'internal,free,paid', 'internal,free,paid,production']);
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Completed');
  expect(cluster.delivery?.spec.tracks.map((t) => t.builds.length)).toEqual([1, 1, 1, 1]);
});

test('no track turns to pods that are ready and no endpoints yet: routers could reach none of them', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  // Everybody but the EndpointSlice controller.
  for (let i = 0; i < 20; i++) {
    cluster.turn();
    cluster.applyDelivery();
    cluster.route();
    cluster.runPods();
    cluster.runJobs();
  }
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(cluster.release(`${app}-v1.18.0`).status?.message).toBe('internal: 2 of 2 pods ready, 0 of them are endpoints yet');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('production holds both versions in full while it switches', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  let surge = 0;
  cluster.settle(() => {
    surge = Math.max(surge, (cluster.delivery?.spec.tracks.at(-1)?.builds ?? []).reduce((sum, b) => sum + b.replicas, 0));
    return false;
  });
  expect(surge).toBe(20);
});

test('a build whose test job fails meets no user and goes no further', () => {
  const cluster = installed();
  cluster.push('v1.18.0', { testSucceeds: false });
  cluster.settle(() => {
    expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
    return false;
  });
  expect(cluster.release(`${app}-v1.18.0`).status).toMatchObject({ phase: 'Failed' });
  expect(reasons(cluster, `${app}-v1.18.0`)).toEqual(['ScaleUp', 'PodsReady', 'GateFailed', 'RolledBack']);
  expect(held(cluster, 'internal')).toEqual(['v1.17.0']);
});

test('a build that never becomes ready fails at the progress deadline', () => {
  const cluster = installed();
  cluster.push('v1.18.0', { becomesReady: false });
  cluster.settle();
  expect(reasons(cluster, `${app}-v1.18.0`)).toContain('ProgressDeadlineExceeded');
  const said = { reason: 'ProgressDeadlineExceeded', message: expect.stringMatching(/0 of 2 pods became ready on internal .* push a fixed build/) as string };
  expect(cluster.release(`${app}-v1.18.0`).status, 'all is put back, and why is still what it says').toMatchObject({ ...said, conditions: [{ type: 'TurnedRound', status: 'True', ...said }] });
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Failed');
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
});

test('what keeps pods from becoming ready is said while the release waits and when it fails, with the way out', () => {
  const cluster = installed();
  cluster.push('v1.18.0', { becomesReady: false });
  cluster.settle(() => cluster.releases.some((r) => r.status?.tracks?.[0]?.phase === 'ScalingUp'));
  const stalls = new Map([[`internal/${app}-v1.18.0`, { kind: 'image' as const, message: 'the image shop@sha256:1 cannot be had (ErrImagePull)', wayOut: 'bring the image back' }]]);
  const said = (now: number) => reconcile({ ...cluster.observed(), stalls, now }).actions.flatMap((a) => (a.type === 'releaseStatus' ? [a.status] : []));
  expect(said(cluster.now + 6_000).map((s) => s.message)).toEqual(['internal: 0 of 2 pods ready; the image shop@sha256:1 cannot be had (ErrImagePull)']);
  expect(said(cluster.now + 3_600_000).flatMap((s) => s.history ?? []).find((h) => h.reason === 'ProgressDeadlineExceeded')?.message).toMatch(/within 300 s \(the image shop@sha256:1 cannot be had \(ErrImagePull\)\): bring the image back$/);
});

test('a good build follows a bad one, and a bad one after it changes nothing', () => {
  const cluster = installed();
  cluster.push('v1.18.0', { becomesReady: false });
  cluster.settle();
  cluster.push('v1.19.0');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.19.0'));
  cluster.push('v1.20.0', { testSucceeds: false });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.19.0'));
});

test('an abort on free puts back free and internal, weight first', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => cluster.release(`${app}-v1.17.0`) !== undefined && serving(cluster)['free'] === 'v1.18.0' && cluster.router?.status?.observedGeneration === cluster.router?.metadata?.generation);
  cluster.steer(`${app}-v1.18.0`, { abort: { actor: 'ada', reason: 'wrong colour' } });
  cluster.turn();
  const free = cluster.delivery?.spec.tracks.find((t) => t.name === 'free');
  expect(free).toMatchObject({ serving: `${app}-v1.17.0`, percent: 5 });
  expect(free?.builds).toHaveLength(2);
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(cluster.delivery?.spec.tracks.map((t) => t.builds.length)).toEqual([1, 1, 1, 1]);
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Aborted');
});

test('several versions live at once, one a track, and the newest waiting build supersedes older ones', () => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  expect(serving(cluster)).toEqual({ ...everywhere('v1.17.0'), internal: 'v1.18.0', free: 'v1.18.0' });
  cluster.push('v1.19.0');
  cluster.settle();
  cluster.push('v1.20.0');
  cluster.settle();
  expect(serving(cluster)).toEqual({ internal: 'v1.20.0', free: 'v1.18.0', paid: 'v1.17.0', production: 'v1.17.0' });
  expect(cluster.release(`${app}-v1.19.0`).status?.phase).toBe('Superseded');
  cluster.steer(`${app}-v1.18.0`, { approvals: [{ track: 'free', gate: 'wait', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  cluster.settle();
  expect(serving(cluster)).toEqual({ internal: 'v1.20.0', free: 'v1.20.0', paid: 'v1.18.0', production: 'v1.18.0' });
});

test('a pause stops promotion and not a failure; a hold stops everything that is automatic', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => serving(cluster)['internal'] === 'v1.18.0');
  cluster.steer(`${app}-v1.18.0`, { paused: true });
  cluster.settle();
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Paused');
  expect(serving(cluster)['free']).toBe('v1.17.0');
  cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, hold: true } };
  cluster.steer(`${app}-v1.18.0`, { paused: false });
  cluster.settle();
  expect(serving(cluster)['free']).toBe('v1.17.0');
  cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, hold: false } };
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test("the last track's share grows in steps and a failure on the way takes it back", () => {
  const steps = [{ percent: 5 }, { percent: 25, gates: [{ name: 'look', approval: {} }] }, { percent: 50 }];
  const cluster = installed(withTracks((t) => (t.name === 'production' ? { ...t, steps } : t)));
  cluster.push('v1.18.0');
  const shares: number[] = [];
  const note = () => {
    const share = 100 - cluster.routed().percent;
    if (share !== shares.at(-1)) shares.push(share);
    return false;
  };
  cluster.settle(note);
  expect(shares).toEqual([0, 5, 25]);
  cluster.steer(`${app}-v1.18.0`, { abort: { actor: 'ada', reason: 'no' } });
  cluster.settle();
  expect(cluster.routed()).toEqual({ backend: 'production-v1.17.0', percent: 100 });
  cluster.push('v1.19.0');
  cluster.settle();
  cluster.steer(`${app}-v1.19.0`, { approvals: [{ track: 'production', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  cluster.settle(note);
  expect(shares).toEqual([0, 5, 25, 50, 0]);
  expect(cluster.routed()).toEqual({ backend: 'production-v1.19.0', percent: 100 });
});

test('a rollback takes every track that holds a later build, at once where the old pods are warm', () => {
  const cluster = installed({ keepWarmSeconds: 600 });
  cluster.push('v1.18.0');
  cluster.settle(() => cluster.releases.length === 2 && cluster.releases.at(-1)?.status?.phase === 'Completed');
  expect(held(cluster, 'production')).toEqual(['v1.17.0', 'v1.18.0']);
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada', reason: 'errors' });
  cluster.turn();
  expect(serving(cluster)['production']).toBe('v1.17.0');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(cluster.release('back').status?.phase).toBe('Completed');
  expect(cluster.delivery?.spec.tracks.map((t) => t.builds.length)).toEqual([1, 1, 1, 1]);
});

test('a rollback ends the releases in motion, and none of them comes back', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => serving(cluster)['free'] === 'v1.18.0');
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada' });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Aborted');
});

test('a rollback that takes back another one leaves no track behind production', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => serving(cluster)['production'] === 'v1.18.0' && cluster.releases.at(-1)?.status?.phase === 'Completed');
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada' });
  cluster.settle(() => serving(cluster)['free'] === 'v1.17.0');
  cluster.createRelease('forth', { application: app, build: `${app}-v1.18.0`, type: 'rollback', actor: 'ada' });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('a hotfix overtakes what is on the tracks and skips the gates', () => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  cluster.push('v1.18.1');
  cluster.createRelease('hot', { application: app, build: `${app}-v1.18.1`, type: 'hotfix', actor: 'ada', reason: 'data loss' });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.1'));
  expect(cluster.release(`${app}-v1.18.0`).status?.phase).toBe('Superseded');
});

test('sizes and shares of the Application flow to the Delivery at once, whatever is in motion', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => serving(cluster)['internal'] === 'v1.18.0');
  cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, ...withTracks((t) => (t.name === 'free' ? { ...t, replicas: 6, percent: 10 } : t)) } };
  cluster.turn();
  expect(cluster.delivery?.spec.tracks[1]).toMatchObject({ percent: 10, builds: [{ replicas: 6 }] });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('endpoints lost while it serves fail the release after a grace time', () => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  const build = cluster.push('v1.18.0');
  cluster.settle();
  cluster.behaviour.set(build, { becomesReady: false });
  cluster.settle();
  expect(reasons(cluster, `${app}-v1.18.0`)).toContain('EndpointsLost');
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
});

test.for([
  { when: 'start as they may', waitMs: 200_000, ends: undefined },
  { when: 'do not come within the progress deadline', waitMs: 320_000, ends: 'EndpointsLost' },
])('in a cluster built anew endpoints that $when end the release as $ends', ({ waitMs, ends }) => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  const build = cluster.push('v1.18.0');
  cluster.settle();
  cluster.now += 3_600_000;
  const creationTimestamp = new Date(cluster.now).toISOString();
  cluster.behaviour.set(build, { becomesReady: false });
  for (const [name, { spec, metadata }] of cluster.deployments) cluster.deployments.set(name, { spec, metadata: { ...metadata, creationTimestamp }, status: {} });
  const until = cluster.now + waitMs;
  cluster.settle(() => cluster.now >= until);
  expect(reasons(cluster, `${app}-v1.18.0`)?.find((reason) => reason === 'EndpointsLost')).toBe(ends);
});

test('a push every 10 seconds for an hour starves no release: new builds keep reaching production', { timeout: 120_000 }, () => {
  const cluster = installed();
  const reached = new Set<string>();
  for (let i = 0; i < 360; i++) {
    cluster.push(`v2.${i}.0`);
    const until = cluster.now + 10_000;
    cluster.settle(() => {
      const build = cluster.delivery?.spec.tracks.at(-1)?.serving;
      if (build !== undefined) reached.add(build);
      return cluster.now >= until;
    });
    cluster.now = Math.max(cluster.now, until);
  }
  expect(reached.size).toBeGreaterThan(40);
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v2.359.0'));
  expect(cluster.builds.length).toBeLessThanOrEqual(10);
  expect(cluster.releases.length).toBeLessThanOrEqual(10);
});

test('an inconclusive analysis pauses the release, once, until a person promotes it', () => {
  const gate = { name: 'errors', analysis: { durationSeconds: 10, metrics: [{ name: 'errors', source: { router: 'errorRatio' as const }, max: 0.01 }] } };
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [gate] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  cluster.verdicts.set(`${app}-v1.18.0/free/errors`, { state: 'Inconclusive', message: 'too few requests' });
  cluster.settle();
  cluster.verdicts.clear();
  cluster.settle();
  expect(cluster.release(`${app}-v1.18.0`).status).toMatchObject({ phase: 'Paused', reason: 'Inconclusive' });
  expect(reasons(cluster, `${app}-v1.18.0`)?.filter((r) => r === 'Inconclusive')).toHaveLength(1);
  cluster.steer(`${app}-v1.18.0`, { promote: [{ track: 'free', actor: 'ada' }] });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('a failed analysis takes the users back at once', () => {
  const gate = { name: 'errors', analysis: { durationSeconds: 10, metrics: [{ name: 'errors', source: { router: 'errorRatio' as const }, max: 0.01 }] } };
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [gate] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  cluster.verdicts.set(`${app}-v1.18.0/free/errors`, { state: 'Failed', message: 'errors is 0.5', values: { errors: 0.5 } });
  cluster.turn();
  expect(serving(cluster)['free']).toBe('v1.17.0');
  cluster.settle();
  expect(cluster.release(`${app}-v1.18.0`).status).toMatchObject({ phase: 'Failed', tracks: [{}, { gates: [{ state: 'Failed', values: { errors: 0.5 } }] }] });
});

test('a window gate waits until the window opens', () => {
  const cluster = installed(withTracks((t) => (t.name === 'paid' ? { ...t, gates: [{ name: 'hours', window: { schedule: '0 9 * * *', durationSeconds: 3600 } }] } : t)));
  cluster.push('v1.18.0');
  cluster.settle(() => cluster.release(`${app}-v1.17.0`) !== undefined && serving(cluster)['production'] === 'v1.18.0');
  expect(new Date(cluster.now).toISOString()).toMatch(/T09:/);
});

test('a freeze keeps promotions from further tracks, and rollbacks and hotfixes not', () => {
  // The model's clock starts at midnight.
  const cluster = installed({ freezeWindows: [{ name: 'night', schedule: '0 0 * * *', durationSeconds: 7 * 3600 }] });
  cluster.push('v1.18.0');
  cluster.settle(() => cluster.releases.length === 2 && cluster.release(`${app}-v1.18.0`).status?.message?.startsWith('Frozen by night until 2026-01-01T07:00') === true);
  expect(cluster.release(`${app}-v1.18.0`).status?.conditions).toMatchObject([{ type: 'Waiting', status: 'True', reason: 'Frozen' }]);
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  cluster.push('v1.18.1');
  cluster.createRelease('hot', { application: app, build: `${app}-v1.18.1`, type: 'hotfix', actor: 'ada', reason: 'data loss' });
  cluster.settle(() => serving(cluster)['production'] === 'v1.18.1');
  expect(cluster.now).toBeLessThan(Date.parse('2026-01-01T07:00:00Z'));
});

test('every change of a release is one commit that says what comes and what goes', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  const changes: string[] = [];
  cluster.settle(() => {
    const reason = `${cluster.delivery?.metadata?.generation} ${cluster.delivery?.spec.change.reason}`;
    if (reason !== changes.at(-1)) changes.push(reason);
    return false;
  });
  expect(changes.slice(1).map((c) => c.split(' ')[1])).toEqual(['ScaleUp', 'Shift', 'ScaleUp', 'Shift', 'ScaleUp', 'Shift', 'ScaleUp', 'Shift', 'Completed']);
});

test('a cluster rebuilt in mid-release from builds and delivery alone keeps its versions and goes on', () => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  const before = serving(cluster);
  // The record restores what it holds; Releases, Jobs, pods and the routers' answers are gone.
  cluster.releases.length = 0;
  cluster.jobs.length = 0;
  cluster.deployments.clear();
  cluster.router = undefined;
  cluster.application = { ...cluster.application, status: {} };
  cluster.delivery = { ...cluster.delivery!, metadata: { ...cluster.delivery!.metadata, generation: 1 }, status: {} };
  cluster.settle(() => {
    expect(serving(cluster)).toEqual(before);
    expect(held(cluster, 'free')).toEqual(['v1.17.0', 'v1.18.0']);
    return false;
  });
  expect(cluster.releases.map((r) => r.spec.build)).toEqual([`${app}-v1.18.0`]);
  cluster.steer(`${app}-v1.18.0`, { approvals: [{ track: 'free', gate: 'wait', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('a release that fails after a rebuild goes back to production, not to itself', () => {
  const cluster = installed(withTracks((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'wait', approval: {} }] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  cluster.releases.length = 0;
  cluster.settle();
  cluster.steer(`${app}-v1.18.0`, { abort: { actor: 'ada', reason: 'no' } });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
});

test('the gates of production are its bake time: a failure there goes back at once, to pods that still run', () => {
  const gate = { name: 'errors', analysis: { durationSeconds: 600, metrics: [{ name: 'errors', source: { router: 'errorRatio' as const }, max: 0.01 }] } };
  const cluster = installed(withTracks((t) => (t.name === 'production' ? { ...t, gates: [gate] } : t)));
  cluster.push('v1.18.0');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
  expect(held(cluster, 'production')).toEqual(['v1.17.0', 'v1.18.0']);
  cluster.verdicts.set(`${app}-v1.18.0/production/errors`, { state: 'Failed', message: 'errors is 0.5' });
  cluster.turn();
  expect(serving(cluster)['production']).toBe('v1.17.0');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
});

test('a build that failed is released again by a new promotion', () => {
  const cluster = installed();
  const build = cluster.push('v1.18.0', { testSucceeds: false });
  cluster.settle();
  cluster.behaviour.set(build, {});
  cluster.createRelease(`${build}-retry-1`, { application: app, build });
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('a build waits until its ConfigMaps and Secrets are captured, and says for what', () => {
  const cluster = installed({ template: { spec: { containers: [{ name: 'app', image: '${image}', envFrom: [{ configMapRef: { name: 'settings' } }] }] } } });
  expect(cluster.delivery).toBeUndefined();
  cluster.captureConfig('settings');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  cluster.push('v1.18.0');
  cluster.settle();
  expect(cluster.release(`${app}-v1.18.0`).status).toMatchObject({ phase: 'Pending', message: 'Its ConfigMaps and Secrets are being captured' });
  cluster.captureConfig('settings');
  cluster.settle();
  expect(serving(cluster)).toEqual(everywhere('v1.18.0'));
});

test('a build whose Deployment the API refuses fails at once, says why, and leaves', () => {
  const cluster = installed();
  const build = cluster.push('v1.18.0', { refused: true });
  const startedAt = cluster.now;
  cluster.settle();
  expect(cluster.release(build).status).toMatchObject({ phase: 'Failed' });
  expect(cluster.release(build).status?.history?.find((h) => h.reason === 'SpecRefused')?.message).toMatch(/Deployment account-service-internal-v1\.18\.0: no such field; mend the template/);
  expect(cluster.now - startedAt).toBeLessThan(60_000);
  expect(serving(cluster)).toEqual(everywhere('v1.17.0'));
  expect(held(cluster, 'internal')).toEqual(['v1.17.0']);
});
