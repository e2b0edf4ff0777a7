import { expect, test } from 'vitest';
import { ModelCluster, modelApplication } from './model-cluster.ts';

const app = 'account-service';
const production = (cluster: ModelCluster) => cluster.delivery?.spec.tracks.at(-1)?.builds;

/** v1.17.0 is installed; production has 10 to 40 pods. */
function installed(keepWarmSeconds = 0): ModelCluster {
  const tracks = modelApplication().spec.tracks.map((t) => (t.name === 'production' ? { ...t, autoscaling: { maxReplicas: 40 } } : t));
  const cluster = new ModelCluster(modelApplication({ tracks, keepWarmSeconds }));
  cluster.push('v1.17.0');
  cluster.settle();
  return cluster;
}

test('the autoscaler owns the size of the version that serves', () => {
  const cluster = installed();
  expect(production(cluster)).toEqual([{ build: `${app}-v1.17.0`, replicas: 10, autoscaled: true }]);
  const { writes } = cluster;
  cluster.autoscale('production', 25);
  cluster.runPods();
  cluster.followPods();
  cluster.turn();
  expect(cluster.writes - writes).toBeLessThanOrEqual(1);
  expect(cluster.application.status?.tracks?.at(-1)).toMatchObject({ replicas: 25, readyReplicas: 25 });
});

test('a new version gets no user before it has as many ready pods as the one that it follows', () => {
  const cluster = installed();
  cluster.autoscale('production', 25);
  cluster.push('v1.18.0');
  let leastAtShift = Infinity;
  cluster.settle(() => {
    if (cluster.delivery?.spec.tracks.at(-1)?.serving === `${app}-v1.18.0`) leastAtShift = Math.min(leastAtShift, cluster.deployments.get(`${app}-production-v1.18.0`)?.status?.readyReplicas ?? 0);
    return false;
  });
  expect(leastAtShift).toBe(25);
  expect(production(cluster)).toEqual([{ build: `${app}-v1.18.0`, replicas: 10, autoscaled: true }]);
});

test('a version that comes grows with the one that serves, and never shrinks', () => {
  const cluster = installed();
  cluster.push('v1.18.0');
  cluster.settle(() => production(cluster)?.length === 2);
  cluster.autoscale('production', 30);
  cluster.turn();
  expect(production(cluster)?.[1]).toEqual({ build: `${app}-v1.18.0`, replicas: 30 });
  cluster.applyDelivery();
  cluster.autoscale('production', 12);
  cluster.turn();
  expect(production(cluster)?.[1]).toEqual({ build: `${app}-v1.18.0`, replicas: 30 });
});

test('what is kept warm keeps the size that it had, so that a rollback meets its load', () => {
  const cluster = installed(600);
  cluster.autoscale('production', 25);
  cluster.push('v1.18.0');
  cluster.settle(() => cluster.releases.at(-1)?.status?.phase === 'Completed' && cluster.releases.length === 2);
  expect(production(cluster)).toEqual([{ build: `${app}-v1.17.0`, replicas: 25 }, { build: `${app}-v1.18.0`, replicas: 10, autoscaled: true }]);
  cluster.createRelease('back', { application: app, build: `${app}-v1.17.0`, type: 'rollback', actor: 'ada' });
  cluster.turn();
  expect(cluster.delivery?.spec.tracks.at(-1)?.serving).toBe(`${app}-v1.17.0`);
  expect(cluster.deployments.get(`${app}-production-v1.17.0`)?.status?.readyReplicas).toBe(25);
});
