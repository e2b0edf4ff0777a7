import { expect, test } from 'vitest';
import type { BuildGroup } from '../../api/build/build.ts';
import type { Track } from '../../api/application/application.ts';
import { ModelCluster, modelApplication, settleAll, type Behaviour } from './model-cluster.ts';

const NAMES = ['bank', 'cart', 'shop'];
const serving = (cluster: ModelCluster) => cluster.delivery?.spec.tracks.map((t) => t.serving?.replace(/^\w+-/, '') ?? '-');
const phase = (cluster: ModelCluster, version: string) => cluster.releases.findLast((r) => r.spec.build.endsWith(version))?.status?.phase;

/** Three Applications that serve v1 everywhere. */
function installed(change: (track: Track) => Track = (t) => t): Record<string, ModelCluster> {
  const clusters = NAMES.map((name) => new ModelCluster(modelApplication({ tracks: modelApplication().spec.tracks.map(change) }, name)));
  for (const cluster of clusters) {
    cluster.neighbours = clusters.filter((c) => c !== cluster);
    cluster.push('v1');
  }
  settleAll(clusters);
  return Object.fromEntries(clusters.map((c, i) => [NAMES[i], c]));
}

const all = (of: Record<string, ModelCluster>) => Object.values(of);
const group = (order?: BuildGroup['order']): BuildGroup => ({ name: 'sale', applications: NAMES, ...(order && { order }) });
function pushAll(of: Record<string, ModelCluster>, version: string, order?: BuildGroup['order'], behaviour: Record<string, Behaviour> = {}): void {
  for (const [name, cluster] of Object.entries(of)) cluster.push(version, behaviour[name] ?? {}, group(order));
}

/** Index of the furthest track that serves the version; -1 where none does. */
const reach = (cluster: ModelCluster, version: string) => serving(cluster)?.lastIndexOf(version) ?? -1;

test('a group starts when each of its Applications has a Build in it, and says for whom it waits', () => {
  const of = installed();
  of['bank']?.push('v2', {}, group());
  of['cart']?.push('v2', {}, group());
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual([['v1', 'v1', 'v1', 'v1'], ['v1', 'v1', 'v1', 'v1'], ['v1', 'v1', 'v1', 'v1']]);
  expect(of['bank']?.release('bank-v2').status?.message).toBe('Waits for shop of group sale: push or retry it');
  of['shop']?.push('v2', {}, group());
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v2', 'v2', 'v2', 'v2']));
  expect(all(of).map((c) => phase(c, 'v2'))).toEqual(['Completed', 'Completed', 'Completed']);
});

test('no member is more than one track ahead of another', () => {
  const of = installed((t) => (t.name === 'free' ? { ...t, gates: [{ name: 'look', approval: {} }] } : t));
  pushAll(of, 'v2');
  const check = () => {
    const reached = all(of).map((c) => reach(c, 'v2'));
    expect(Math.max(...reached) - Math.min(...reached), String(reached)).toBeLessThanOrEqual(1);
    return false;
  };
  settleAll(all(of), check);
  for (const name of ['bank', 'cart']) of[name]?.steer(`${name}-v2`, { approvals: [{ track: 'free', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  settleAll(all(of), check);
  expect(all(of).map((c) => reach(c, 'v2'))).toEqual([1, 1, 1]);
  expect(of['bank']?.release('bank-v2').status?.message).toBe('free: Waits for shop of group sale');
  of['shop']?.steer('shop-v2', { approvals: [{ track: 'free', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  settleAll(all(of), check);
  expect(all(of).map((c) => phase(c, 'v2'))).toEqual(['Completed', 'Completed', 'Completed']);
});

test('in order, a member comes to a track when those before it have passed there', () => {
  const of = installed();
  pushAll(of, 'v2', 'inOrder');
  settleAll(all(of), () => {
    const [bank = -1, cart = -1, shop = -1] = all(of).map((c) => reach(c, 'v2'));
    expect(bank >= cart && cart >= shop, `${bank} ${cart} ${shop}`).toBe(true);
    return false;
  });
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v2', 'v2', 'v2', 'v2']));
});

test.for<{ when: string; behaviour: Record<string, Behaviour> }>([
  { when: 'one fails on the first track', behaviour: { shop: { testSucceeds: false } } },
  { when: 'one never becomes ready', behaviour: { cart: { becomesReady: false } } },
])('when $when, all go back', ({ behaviour }) => {
  const of = installed();
  pushAll(of, 'v2', undefined, behaviour);
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v1', 'v1', 'v1', 'v1']));
  expect(all(of).map((c) => phase(c, 'v2'))).toEqual(['Failed', 'Failed', 'Failed']);
});

test('an abort on the last track takes back what the others have there, to pods that still run', () => {
  const of = installed((t) => (t.name === 'production' ? { ...t, gates: [{ name: 'look', approval: {} }] } : t));
  pushAll(of, 'v2');
  for (const name of ['bank', 'cart']) {
    settleAll(all(of));
    of[name]?.steer(`${name}-v2`, { approvals: [{ track: 'production', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  }
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v2', 'v2', 'v2', 'v2']));
  expect(of['bank']?.delivery?.spec.tracks.at(-1)?.builds).toHaveLength(2);
  of['shop']?.steer('shop-v2', { abort: { actor: 'ada', reason: 'wrong prices' } });
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v1', 'v1', 'v1', 'v1']));
  expect(of['bank']?.release('bank-v2').status?.history?.find((h) => h.reason === 'GroupAborted')?.message).toMatch(/^Group sale: shop-v2 is Abort(ing|ed)/);
});

test('after a failure the group is released again by a retry of each', () => {
  const of = installed();
  pushAll(of, 'v2', undefined, { shop: { testSucceeds: false } });
  settleAll(all(of));
  of['shop']?.behaviour.set('shop-v2', {});
  for (const [name, cluster] of Object.entries(of)) {
    cluster.now += 1_000;
    cluster.createRelease(`${name}-v2-retry-2`, { application: name, build: `${name}-v2` });
  }
  settleAll(all(of));
  expect(all(of).map(serving)).toEqual(all(of).map(() => ['v2', 'v2', 'v2', 'v2']));
});

test('a newer build waits behind a group that is under way', () => {
  const of = installed((t) => (t.name === 'internal' ? { ...t, gates: [{ name: 'look', approval: {} }] } : t));
  pushAll(of, 'v2');
  settleAll(all(of));
  of['bank']?.push('v3');
  settleAll(all(of));
  for (const [name, cluster] of Object.entries(of)) cluster.steer(`${name}-v2`, { approvals: [{ track: 'internal', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  settleAll(all(of));
  expect(of['cart']?.release('cart-v2').status?.phase).toBe('Completed');
  expect(serving(of['bank'] as ModelCluster)).toEqual(['v3', 'v2', 'v2', 'v2']);
});

test('members that name different lists wait, and say so', () => {
  const of = installed();
  of['bank']?.push('v2', {}, group());
  of['cart']?.push('v2', {}, { name: 'sale', applications: ['bank', 'cart'] });
  of['shop']?.push('v2', {}, group());
  settleAll(all(of));
  expect(of['bank']?.release('bank-v2').status?.message).toMatch(/cart names other members \(bank, cart\)/);
  expect(serving(of['bank'] as ModelCluster)).toEqual(['v1', 'v1', 'v1', 'v1']);
});
