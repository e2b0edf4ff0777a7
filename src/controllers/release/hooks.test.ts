import { expect, test } from 'vitest';
import type { Hook } from '../../api/application/application.ts';
import type { Job } from '../../kubernetes/types.generated.ts';
import { ModelCluster, modelApplication } from './model-cluster.ts';

const app = 'account-service';
const hook = (name: string, change: Partial<Hook> = {}): Hook => ({ name, template: { spec: { containers: [{ name, image: '${image}', command: [name] }] } }, ...change });
const serving = (cluster: ModelCluster) => cluster.delivery?.spec.tracks.map((t) => t.serving?.replace(`${app}-`, ''));
const jobsNamed = (cluster: ModelCluster, part: string): Job[] => cluster.jobs.filter((j) => j.metadata?.name?.includes(part));
const hooksOf = (cluster: ModelCluster, release: string, track: string) => cluster.release(release).status?.tracks?.find((t) => t.name === track)?.hooks?.map((h) => `${h.when} ${h.name} ${h.state}`);

/** v1.17.0 is installed; hooks stand on the named track. */
function installed(track: string, hooks: { before?: Hook[]; after?: Hook[] }): ModelCluster {
  const tracks = modelApplication().spec.tracks.map((t) => (t.name === track ? { ...t, hooks } : t));
  const cluster = new ModelCluster(modelApplication({ tracks }));
  cluster.push('v1.17.0');
  cluster.settle();
  return cluster;
}

test('a hook runs before the first pod of the new version, and once', () => {
  const cluster = installed('internal', { before: [hook('migrate')] });
  cluster.push('v1.18.0');
  cluster.settle(() => jobsNamed(cluster, 'v1-18-0-internal--before-migrate').length > 0);
  expect(cluster.delivery?.spec.tracks[0]?.builds).toEqual([{ build: `${app}-v1.17.0`, replicas: 2 }, { build: `${app}-v1.18.0`, replicas: 0 }]);
  cluster.settle();
  expect(hooksOf(cluster, `${app}-v1.18.0`, 'internal')).toEqual(['before migrate Passed']);
  expect(jobsNamed(cluster, 'v1-18-0-internal--before-migrate')).toHaveLength(1);
  expect(serving(cluster)).toEqual(['v1.18.0', 'v1.18.0', 'v1.18.0', 'v1.18.0']);
});

test('the first build runs the hooks of a track before any later track starts', () => {
  const tracks = modelApplication().spec.tracks.map((t) => (t.name === 'internal' ? { ...t, hooks: { before: [hook('migrate')] } } : t));
  const cluster = new ModelCluster(modelApplication({ tracks }));
  cluster.push('v1.17.0');
  cluster.settle(() => cluster.jobs.length > 0);
  expect(cluster.delivery?.spec.tracks.flatMap((t) => t.builds.map((b) => b.replicas))).toEqual([0, 0, 0, 0]);
  cluster.settle();
  expect(serving(cluster)).toEqual(['v1.17.0', 'v1.17.0', 'v1.17.0', 'v1.17.0']);
  expect(cluster.jobs).toHaveLength(1);
});

test('a hook after the gates runs while the former version still has its pods, and its failure goes back to those', () => {
  const cluster = installed('production', { after: [hook('announce')] });
  cluster.push('v1.18.0', { hooksSucceed: false });
  cluster.settle(() => cluster.release(`${app}-v1.17.0`) !== undefined && jobsNamed(cluster, 'v1-18-0-production--after-announce').length > 0);
  expect(cluster.delivery?.spec.tracks.at(-1)?.builds.map((b) => b.replicas)).toEqual([10, 10]);
  cluster.settle();
  expect(cluster.release(`${app}-v1.18.0`).status).toMatchObject({ phase: 'Failed' });
  expect(cluster.release(`${app}-v1.18.0`).status?.history?.map((h) => h.reason)).toContain('HookFailed');
  expect(serving(cluster)).toEqual(['v1.17.0', 'v1.17.0', 'v1.17.0', 'v1.17.0']);
});

test('where a failed hook is to pause, the release waits until a person skips that hook', () => {
  const cluster = installed('free', { before: [hook('warm', { onFailure: 'pause' }), hook('next')] });
  cluster.push('v1.18.0', { hooksSucceed: false });
  cluster.settle();
  const release = `${app}-v1.18.0`;
  expect(cluster.release(release).status).toMatchObject({ phase: 'Paused', reason: 'HookFailed', message: expect.stringMatching(/promote --hook warm/) });
  expect(serving(cluster)).toEqual(['v1.18.0', 'v1.17.0', 'v1.17.0', 'v1.17.0']);
  cluster.steer(release, { promote: [{ track: 'free', actor: 'ada' }] });
  cluster.settle();
  expect(cluster.release(release).status?.phase).toBe('Paused');
  cluster.behaviour.set(release, {});
  cluster.steer(release, { promote: [{ track: 'free', hook: 'warm', actor: 'ada', reason: 'not needed' }] });
  cluster.settle();
  expect(hooksOf(cluster, release, 'free')).toEqual(['before warm Skipped', 'before next Passed']);
  expect(serving(cluster)).toEqual(['v1.18.0', 'v1.18.0', 'v1.18.0', 'v1.18.0']);
});

test('a retry does not do again what succeeded, and does again what failed', () => {
  const cluster = installed('internal', { before: [hook('migrate')], after: [hook('check')] });
  const build = cluster.push('v1.18.0', { testSucceeds: false });
  cluster.settle();
  expect(cluster.release(build).status?.phase).toBe('Failed');
  cluster.behaviour.set(build, {});
  cluster.createRelease(`${build}-retry-2`, { application: app, build });
  cluster.settle();
  expect(hooksOf(cluster, `${build}-retry-2`, 'internal')).toEqual(['before migrate Passed', 'after check Passed']);
  expect(jobsNamed(cluster, '1-18-0').filter((j) => j.metadata?.name?.includes('--before-migrate'))).toHaveLength(1);
});

test('a Job that disappears is not made again: nobody can tell whether it did its work', () => {
  const cluster = installed('internal', { before: [hook('migrate', { onFailure: 'pause' })] });
  const build = cluster.push('v1.18.0');
  for (let i = 0; i < 4; i++) cluster.turn();
  expect(hooksOf(cluster, build, 'internal')).toEqual(['before migrate Running']);
  cluster.jobs.splice(cluster.jobs.findIndex((j) => j.metadata?.name?.includes('v1-18-0')), 1);
  cluster.settle();
  expect(jobsNamed(cluster, 'v1-18-0')).toEqual([]);
  expect(cluster.release(build).status).toMatchObject({ phase: 'Paused', message: expect.stringMatching(/is gone, and nobody can tell how it ended/) });
});

test('a controller that dies between any two writes runs no hook twice', () => {
  for (let crashAfter = 0; crashAfter < 4; crashAfter++) {
    const cluster = installed('internal', { before: [hook('migrate')] });
    cluster.push('v1.18.0');
    for (let i = 0; i < 12; i++) {
      cluster.turn(crashAfter);
      cluster.turn(i % 2);
    }
    cluster.settle();
    expect(jobsNamed(cluster, 'v1-18-0-internal--before-migrate')).toHaveLength(1);
    expect(serving(cluster)?.[0]).toBe('v1.18.0');
  }
});

test('a rollback runs no hook', () => {
  const cluster = installed('internal', { before: [hook('migrate')] });
  cluster.push('v1.18.0');
  cluster.settle();
  const before = cluster.jobs.length;
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada' });
  cluster.settle();
  expect(serving(cluster)).toEqual(['v1.17.0', 'v1.17.0', 'v1.17.0', 'v1.17.0']);
  expect(cluster.jobs).toHaveLength(before);
});
