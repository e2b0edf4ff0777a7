import { expect, test } from 'vitest';
import type { ReleasePolicy } from '../../api/release-policy/release-policy.ts';
import { ModelCluster, modelApplication, settleAll } from './model-cluster.ts';
import { isMoving } from './places.ts';

const policy = (spec: ReleasePolicy['spec'], name = 'all'): ReleasePolicy => ({ metadata: { name }, spec });
const NAMES = ['bank', 'cart', 'desk', 'shop', 'till'];
const names = (clusters: readonly ModelCluster[]) => clusters.map((c) => c.application.metadata?.name);

function installation(policies: readonly ReleasePolicy[]): ModelCluster[] {
  const clusters = NAMES.map((name) => new ModelCluster(modelApplication({}, name)));
  for (const cluster of clusters) {
    cluster.neighbours = clusters.filter((c) => c !== cluster);
    cluster.push('v1');
  }
  settleAll(clusters);
  for (const cluster of clusters) cluster.policies = policies;
  return clusters;
}

const moving = (clusters: readonly ModelCluster[]) => clusters.filter((c) => c.releases.some(isMoving));
const serves = (version: string) => (c: ModelCluster) => c.delivery?.spec.tracks.every((t) => t.serving?.endsWith(version));

test('never more releases are in motion than the policy lets, and all get through in the order in which they came', () => {
  const clusters = installation([policy({ releasesInMotion: 2 })]);
  for (const cluster of clusters.toReversed()) {
    cluster.push('v2');
    for (let i = 0; i < 4; i++) cluster.turn();
    for (const c of clusters) c.now += 1_000;
  }
  settleAll(clusters, () => {
    expect(moving(clusters).length).toBeLessThanOrEqual(2);
    return false;
  });
  const begun = clusters.toSorted((a, b) => (a.releases.at(-1)?.status?.startedAt ?? '').localeCompare(b.releases.at(-1)?.status?.startedAt ?? ''));
  expect(names(begun)).toEqual(['till', 'shop', 'desk', 'cart', 'bank']);
  expect(clusters.every(serves('v2'))).toBe(true);
});

test('a release that waits says for what', () => {
  const clusters = installation([policy({ releasesInMotion: 1 })]);
  for (const cluster of clusters.slice(0, 3)) {
    cluster.push('v2');
    for (let i = 0; i < 4; i++) cluster.turn();
    cluster.now += 1_000;
  }
  expect(clusters[2]?.release('desk-v2').status).toMatchObject({ phase: 'Pending', message: 'Waits for a place: policy all lets 1 releases be in motion, 1 are, 1 wait before it', conditions: [{ type: 'Waiting', status: 'True', reason: 'NoPlace' }] });
  settleAll(clusters);
  expect(clusters[2]?.release('desk-v2').status, 'what it waited for is over').toMatchObject({ phase: 'Completed', conditions: [] });
});

test('who pushes often keeps the place of the first push', () => {
  const clusters = installation([policy({ releasesInMotion: 1 })]);
  const [bank, cart, desk] = clusters as [ModelCluster, ModelCluster, ModelCluster];
  const push = (cluster: ModelCluster, version: string) => {
    cluster.push(version);
    for (let i = 0; i < 4; i++) cluster.turn();
    for (const c of clusters) c.now += 1_000;
  };
  push(bank, 'v2');
  push(cart, 'v2');
  push(desk, 'v2');
  push(cart, 'v3');
  const begun: (string | undefined)[] = [];
  settleAll(clusters, () => {
    for (const name of names(moving(clusters))) if (!begun.includes(name)) begun.push(name);
    return false;
  });
  expect(begun).toEqual(['bank', 'cart', 'desk']);
  expect(serves('v3')(cart)).toBe(true);
});

test('rollbacks and hotfixes never wait', () => {
  const clusters = installation([policy({ releasesInMotion: 1 })]);
  const [bank, cart] = clusters as [ModelCluster, ModelCluster];
  bank.push('v2');
  for (let i = 0; i < 4; i++) bank.turn();
  cart.push('v2');
  cart.createRelease('hot', { application: 'cart', build: 'cart-v2', type: 'hotfix', actor: 'ada', reason: 'data loss' });
  settleAll(clusters, () => serves('v2')(cart) === true);
  expect(bank.release('bank-v2').status?.phase).toBe('Progressing');
});

test('who waits for another policy is in nobody’s way', () => {
  const clusters = installation([policy({ releasesInMotion: 3 }), policy({ namespaces: ['elsewhere'], releasesInMotion: 1 }, 'elsewhere')]);
  for (const cluster of clusters.slice(0, 3)) cluster.push('v2');
  settleAll(clusters, () => moving(clusters).length === 3);
  expect(names(moving(clusters))).toEqual(['bank', 'cart', 'desk']);
});

test('a group takes one place, so that it never waits for itself', () => {
  const clusters = installation([policy({ releasesInMotion: 1 })]);
  for (const cluster of clusters.slice(0, 3)) cluster.push('v2', {}, { name: 'sale', applications: ['bank', 'cart', 'desk'] });
  clusters[3]?.push('v2');
  settleAll(clusters);
  expect(clusters.slice(0, 4).every(serves('v2'))).toBe(true);
});

test('the freeze of a policy holds for every Application that it governs', () => {
  // The model's clock starts at midnight.
  const clusters = installation([policy({ freezeWindows: [{ name: 'sale', schedule: '0 0 * * *', durationSeconds: 7 * 3600, reason: 'no risk today' }] })]);
  clusters[0]?.push('v2');
  settleAll(clusters, () => clusters[0]?.releases.at(-1)?.status?.message?.startsWith('Frozen by sale until 2026-01-01T07:00:00.000Z: no risk today') === true);
  expect(clusters.every(serves('v1'))).toBe(true);
});
