import { expect, test } from 'vitest';
import { checkerBucket } from './checker-bucket.ts';
import type { Router } from '../../api/router/router.ts';
import { judge, RoutingTimeline, type RoutingState } from './checker.ts';
import type { RequestRecord } from './request-log.ts';

const backends = ['free-v1', 'free-v2', 'production-v1'].map((name) => {
  const [track = '', version = ''] = name.split('-');
  return { name, track, version, service: '', floor: 2 };
});
const state = (generation: number, startedAt: number, observedAt: number, backend: string, share: number): RoutingState => ({
  generation, startedAt, observedAt, defaultSegment: 'PAID', backends,
  routes: [{ segment: 'FREE', backend, share, strict: false, seed: 'shop/FREE' }], production: { backend: 'production-v1', seed: 'shop/PRODUCTION' },
});
const states = [state(1, 0, 10, 'free-v1', 500), state(2, 1_000, 1_050, 'free-v2', 500)];
const inside = Array.from({ length: 2_000 }, (_, i) => `user-${i}`).find((user) => checkerBucket('shop/FREE', user) < 500) ?? '';
const outside = Array.from({ length: 2_000 }, (_, i) => `user-${i}`).find((user) => checkerBucket('shop/FREE', user) >= 500) ?? '';
const record = (user: string, sentAt: number, finishedAt: number, track: string, version: string, over: Partial<RequestRecord> = {}): RequestRecord => ({ id: 1, user, group: 'FREE', url: 'http://127.0.0.1', kind: 'get', connection: 'short', status: 200, sentAt, finishedAt, track, version, ...over });

test('the bucket is xxh32 modulo 10,000', () => {
  expect([checkerBucket('shop/FREE', 'user-1'), checkerBucket('a', 'b'), checkerBucket('account-service/FREE', 'user-1999')]).toEqual([5_898, 321, 7_321]);
  const counts = Array.from({ length: 2_000 }, (_, i) => checkerBucket('shop/FREE', `user-${i}`)).filter((b) => b < 500).length;
  expect(counts).toBeGreaterThan(60);
  expect(counts).toBeLessThan(140);
});

test.for([
  { when: 'a cohort user reaches the track', records: [record(inside, 500, 510, 'free', 'v1')], then: { misrouted: 0, failed: 0 } },
  { when: 'another user reaches the track', records: [record(outside, 500, 510, 'free', 'v1')], then: { misrouted: 1 } },
  { when: 'inside a switch both versions are right', records: [record(inside, 1_010, 1_020, 'free', 'v1'), record(inside, 1_030, 1_040, 'free', 'v2')], then: { misrouted: 0, cohortChanges: 0 } },
  { when: 'a request sent after the read-back reaches the old version', records: [record(inside, 1_060, 1_070, 'free', 'v1')], then: { misrouted: 1 } },
  { when: 'a slow request sent before the switch finishes at the old version', records: [record(inside, 990, 5_000, 'free', 'v1')], then: { misrouted: 0 } },
  { when: 'a user changes version while nothing moved', records: [record(outside, 200, 210, 'production', 'v1'), record(outside, 300, 310, 'free', 'v1')], then: { cohortChanges: 1 } },
  { when: 'an error is a failure', records: [record(inside, 500, 510, 'free', 'v1', { status: 503, error: 'status 503' })], then: { failed: 1 } },
])('$when', ({ records, then }) => expect(judge(records, states, [])).toMatchObject(then));

test.for([
  { when: 'a user meets both versions', records: [record(outside, 500, 510, 'production', 'v1'), record(outside, 600, 610, 'free', 'v1')], then: { misrouted: 0, cohortChanges: 0 } },
  { when: 'a group without a share reaches the track', records: [record(inside, 500, 510, 'free', 'v1', { group: 'ENTERPRISE' })], then: { misrouted: 1 } },
  { when: 'a request sent after the switch counts reaches the old version', records: [record(inside, 1_060, 1_070, 'free', 'v1')], then: { misrouted: 1 } },
])('where weights count requests: $when', ({ records, then }) => expect(judge(records, states, [], 'perRequest')).toMatchObject(then));

const KILL = { startedAt: 505, goneAt: 530 };
const lost = { status: 0, error: 'ECONNRESET' };
test.for([
  { when: 'it was in flight', record: record(inside, 500, 520, 'free', 'v1', { ...lost, dialledAt: 400 }), what: 'network', cut: 1 },
  { when: 'the dying listener took the connection', record: record(inside, 525, 560, 'free', 'v1', { ...lost, dialledAt: 525 }), what: 'router', cut: 1 },
  { when: 'a pooled connection was not yet known to be dead', record: record(inside, 540, 541, 'free', 'v1', { ...lost, dialledAt: 100 }), what: 'router', cut: 1 },
  { when: 'the connection was begun after the end', record: record(inside, 540, 541, 'free', 'v1', { ...lost, dialledAt: 540 }), what: 'router', cut: 0 },
  { when: 'it ended before the kill', record: record(inside, 400, 500, 'free', 'v1', { ...lost, dialledAt: 400 }), what: 'network', cut: 0 },
  { when: 'it was refused within a second', record: record(inside, 1_500, 1_501, 'free', 'v1', { status: 0, error: 'ECONNREFUSED' }), what: 'router', cut: 1 },
  { when: 'a service lost its connection to the next one', record: record(inside, 500, 520, 'free', 'v1', { status: 502, error: 'status 502', lostHop: { code: 'ECONNRESET', dialledAt: 300 } }), what: 'network', cut: 1 },
  { when: 'a service lost a connection that no router carries', record: record(inside, 500, 520, 'free', 'v1', { status: 502, error: 'status 502', lostHop: { code: 'ECONNRESET', dialledAt: 300 } }), what: 'router', cut: 0 },
  { when: 'it was answered badly', record: record(inside, 500, 520, 'free', 'v1', { status: 503, error: 'status 503' }), what: 'network', cut: 0 },
] as const)('a request counts as cut by a kill or as failed: $when', ({ record: lostRequest, what, cut }) => {
  expect(judge([lostRequest], states, [{ what, ...KILL }])).toMatchObject({ cutByKill: cut, failed: 1 - cut });
});

test('a connection that a kill cut is counted apart, a refusal a second later is a failure', () => {
  const cut = record(inside, 500, 520, 'free', 'v1', { status: 0, error: 'ECONNRESET' });
  const late = record(inside, 2_600, 2_610, 'free', 'v2', { status: 0, error: 'ECONNREFUSED' });
  expect(judge([cut, late], states, [{ what: 'router', startedAt: 505, goneAt: 510 }])).toMatchObject({ cutByKill: 1, failed: 1 });
});

test('who begins to watch between a new generation and its read-back knows the routes once they are read back without a switch', () => {
  const timeline = new RoutingTimeline();
  const router = (observedGeneration: number): Router => ({
    metadata: { name: 'shop-haproxy', generation: 3 },
    spec: { application: 'shop', provider: 'builtin', port: 80, userId: {}, defaultSegment: 'PAID', backends, routes: [], production: { backend: 'production-v1', seed: 's' } },
    status: { observedGeneration, switches: [{ generation: 2, startedAt: '2026-11-25T10:00:00.000Z', observedAt: '2026-11-25T10:00:00.010Z', milliseconds: 10 }] },
  });
  timeline.observe(router(2));
  expect(timeline.states()).toEqual([]);
  timeline.observe(router(3));
  expect(timeline.states()).toMatchObject([{ generation: 2, production: { backend: 'production-v1' } }]);
});
