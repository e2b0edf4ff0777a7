import { expect, test } from 'vitest';
import type { AbortRules } from '../../api/application/application.ts';
import { ModelCluster, modelApplication } from './model-cluster.ts';

const app = 'account-service';
const release = `${app}-v1.18.0`;
const steps = [{ percent: 5 }, { percent: 80, gates: [{ name: 'look', approval: {} }] }];

/** v1.18.0 waits on the named track for an approval. */
function waiting(track: string, abort: Partial<AbortRules> = {}): ModelCluster {
  const gates = [{ name: 'look', approval: {} }];
  const tracks = modelApplication().spec.tracks.map((t) => (t.name === track ? { ...t, percent: t.segment === undefined ? 100 : 40, gates } : t));
  const cluster = new ModelCluster(modelApplication({ tracks, abort: { steps: [50, 20], intervalSeconds: 30, ...abort } }));
  cluster.push('v1.17.0');
  cluster.settle();
  cluster.push('v1.18.0');
  cluster.settle();
  return cluster;
}

/** Shares of v1.18.0 as the routers read them back, with the seconds since the abort. */
function leaving(cluster: ModelCluster, segment?: string): [number, number][] {
  const since = cluster.now;
  const seen: [number, number][] = [];
  cluster.settle(() => {
    const answer = cluster.router?.status?.observed;
    const route = segment === undefined ? answer?.production : answer?.routes.find((r) => r.segment === segment);
    const next = answer?.production.next;
    const share = segment === undefined ? (next?.backend.endsWith('v1.18.0') ? next.share : route?.backend?.endsWith('v1.18.0') ? 10_000 - (next?.share ?? 0) : 0) : route?.backend?.endsWith('v1.18.0') ? (route as { share: number }).share : 0;
    if (share / 100 !== seen.at(-1)?.[0]) seen.push([share / 100, Math.round((cluster.now - since) / 1000)]);
    return false;
  });
  return seen;
}

const abort = (cluster: ModelCluster, atOnce = false) => cluster.steer(release, { abort: { actor: 'ada', reason: 'no', ...(atOnce && { atOnce }) } });
const everywhere = (cluster: ModelCluster) => cluster.delivery?.spec.tracks.map((t) => [t.serving, t.builds.length]);
const back = Array.from({ length: 4 }, () => [`${app}-v1.17.0`, 1]);

test('users leave production in steps, each after its time and after the routers have shown the one before', () => {
  const cluster = waiting('production');
  abort(cluster);
  expect(leaving(cluster)).toEqual([[100, 0], [50, 0], [20, 30], [0, 60]]);
  expect(everywhere(cluster)).toEqual(back);
  expect(cluster.release(release).status?.phase).toBe('Aborted');
});

test("users of a segment go to production in steps, and then to the track's former version", () => {
  const cluster = waiting('free');
  abort(cluster);
  expect(leaving(cluster, 'FREE')).toEqual([[40, 0], [20, 0], [8, 30], [0, 60]]);
  expect(everywhere(cluster)).toEqual(back);
});

test('a share that grows in steps leaves from where it is', () => {
  const tracks = modelApplication().spec.tracks.map((t) => (t.segment === undefined ? { ...t, steps } : t));
  const cluster = new ModelCluster(modelApplication({ tracks, abort: { steps: [50, 20], intervalSeconds: 30 } }));
  cluster.push('v1.17.0');
  cluster.settle();
  cluster.push('v1.18.0');
  cluster.settle();
  abort(cluster);
  expect(leaving(cluster)).toEqual([[80, 0], [40, 0], [16, 30], [0, 60]]);
  expect(everywhere(cluster)).toEqual(back);
});

test('at once means at once, also for one that is leaving already', () => {
  const cluster = waiting('production');
  abort(cluster, true);
  cluster.turn();
  expect(cluster.delivery?.spec.tracks.at(-1)).toMatchObject({ serving: `${app}-v1.17.0` });
  expect(cluster.delivery?.spec.tracks.at(-1)).not.toHaveProperty('next');
  const second = waiting('production');
  abort(second);
  second.turn();
  expect(second.delivery?.spec.tracks.at(-1)?.next).toEqual({ build: release, percent: 50 });
  abort(second, true);
  second.turn();
  expect(second.delivery?.spec.tracks.at(-1)).not.toHaveProperty('next');
});

test('a failure takes all users back at once, unless the Application says otherwise', () => {
  for (const onFailure of [false, true]) {
    const cluster = waiting('production', { onFailure });
    cluster.steer(release, {});
    const gate = { name: 'errors', analysis: { durationSeconds: 10, metrics: [{ name: 'errors', source: { router: 'errorRatio' as const }, max: 0.01 }] } };
    cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, tracks: cluster.application.spec.tracks.map((t) => (t.segment === undefined ? { ...t, gates: [gate] } : t)) } };
    cluster.settle();
    cluster.verdicts.set(`${release}/production/errors`, { state: 'Failed', message: 'errors is 0.5' });
    expect(leaving(cluster)).toEqual(onFailure ? [[100, 0], [50, 0], [20, 30], [0, 60]] : [[100, 0], [0, 0]]);
    expect(everywhere(cluster)).toEqual(back);
  }
});

test('a version that falls below its floor while users leave it loses the rest at once', () => {
  const cluster = waiting('production');
  abort(cluster);
  cluster.settle(() => cluster.delivery?.spec.tracks.at(-1)?.next?.percent === 50);
  cluster.behaviour.set(release, { becomesReady: false });
  cluster.runPods();
  cluster.followPods();
  cluster.turn();
  expect(cluster.delivery?.spec.tracks.at(-1)).not.toHaveProperty('next');
});

test('a rollback takes over from users that leave in steps', () => {
  const cluster = waiting('production');
  abort(cluster);
  cluster.settle(() => cluster.delivery?.spec.tracks.at(-1)?.next?.percent === 50);
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada' });
  cluster.turn();
  expect(cluster.delivery?.spec.tracks.at(-1)).not.toHaveProperty('next');
  cluster.settle();
  expect(everywhere(cluster)).toEqual(back);
});
