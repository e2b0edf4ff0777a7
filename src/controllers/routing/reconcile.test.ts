import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RouterSpec, RouterStatus } from '../../api/router/router.ts';
import { nextStatus, trafficOf, type StatusInput } from './reconcile.ts';
import type { TellResult, TrafficServer } from './traffic-provider.ts';

const servers = (ready: number, draining = 0): TrafficServer[] => Array.from({ length: ready + draining }, (_, i) => ({ address: `127.64.0.${i + 1}`, port: 8080, draining: i >= ready }));
const spec = (floor: number, share: number, strict: boolean, nextShare?: number): RouterSpec => ({
  application: 'a', provider: 'haproxy', port: 8080, userId: {}, defaultSegment: 'PAID',
  backends: [{ name: 'free-v2', track: 'free', version: 'v2', service: 'f', floor }, { name: 'production-v1', track: 'production', version: 'v1', service: 'p', floor: 2 }, { name: 'production-v2', track: 'production', version: 'v2', service: 'q', floor }],
  routes: [{ segment: 'FREE', backend: 'free-v2', share, strict, seed: 's' }],
  production: { backend: 'production-v1', seed: 'p', ...(nextShare === undefined ? {} : { next: { backend: 'production-v2', share: nextShare } }) },
});

test('a track below its endpoint floor never has weight', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 10_000 }), fc.boolean(), (floor, ready, draining, share, strict) => {
      const traffic = trafficOf(spec(floor, share, strict, share), new Map([['free-v2', servers(ready, draining)], ['production-v2', servers(ready, draining)]]));
      const [route] = traffic.routes;
      if (ready < Math.max(1, floor)) {
        expect(route?.closed).toBe(true);
        expect(strict || route?.share === 0).toBe(true);
        expect(traffic.production.next?.share).toBe(0);
      } else {
        expect(route).toMatchObject({ closed: false, share });
        expect(traffic.production.next?.share).toBe(share);
      }
      // Production keeps its share whatever happens to it.
      expect(traffic.production.backend).toBe('production-v1');
    }),
  );
});

test('a route whose backend is not listed goes to production', () => {
  const traffic = trafficOf({ ...spec(1, 10_000, true), backends: [] }, new Map());
  expect(traffic.routes[0]).toMatchObject({ share: 0, closed: false });
  expect(traffic.routes[0]?.backend).toBeUndefined();
});

const input = ({ results = [{ outcome: 'told' as const, name: 'r-1', told: { observedAt: 1_000_000, changed: true } }] as TellResult[], ...over }: Partial<StatusInput> & { results?: TellResult[] } = {}): StatusInput & { results: TellResult[] } => {
  const there = new Map([['free-v2', servers(2)], ['production-v1', servers(2)], ['production-v2', servers(2)]]);
  const s = spec(1, 500, false);
  return { spec: s, generation: 3, previous: undefined, traffic: trafficOf(s, there), servers: there, now: 1_000_000, results, routers: { results, arriving: 0, entrances: results.length }, entry: { task: 'nothing', results: [] }, ...over };
};

test('an idle router causes no write: the status stays the very object', () => {
  const first = nextStatus(input());
  const again = nextStatus(input({ previous: first, now: 2_000_000, results: [{ outcome: 'told', name: 'r-1', told: { observedAt: 2_000_000, changed: false } }] }));
  expect(again).toBe(first);
});

test('the generation is observed only when every router that serves was told', () => {
  const failed = { outcome: 'failed' as const, name: 'r-2', message: 'away', served: true, terminating: false, config: false };
  const told = input().results[0]!;
  expect(nextStatus(input({ results: [told, failed] })).observedGeneration).toBeUndefined();
  expect(nextStatus(input({ results: [told, { ...failed, served: false }] })).observedGeneration).toBe(3);
  expect(nextStatus(input({ results: [told, { ...failed, terminating: true }] })).observedGeneration).toBe(3);
  expect(nextStatus(input({ results: [] })).observedGeneration).toBeUndefined();
});

test('while Gateways choose versions beside routers, each switch lasts until the Gateways have followed it', () => {
  const by = (lastSwitchAt: number, observedAt: number): TellResult => ({ outcome: 'told', name: 'r-1', told: { lastSwitchAt, observedAt, changed: true } });
  const pass = (generation: number, previous: RouterStatus, router: TellResult, gateway: TellResult): RouterStatus =>
    nextStatus({ ...input({ generation, previous }), routers: { results: [router], arriving: 0, entrances: 1 }, entry: { task: 'versions', results: [gateway] } });
  const silent: TellResult = { outcome: 'failed', name: 'ns/edge', message: 'silent', served: true, terminating: false, config: false };
  let status = pass(4, nextStatus(input()), by(1_000_100, 1_000_105), silent);
  status = pass(5, status, by(1_000_300, 1_000_305), silent);
  expect(status.observedGeneration).toBe(3);
  // Its route was changed first of all, and only now is followed.
  status = pass(5, status, by(1_000_300, 1_000_305), { outcome: 'told', name: 'ns/edge', told: { lastSwitchAt: 1_000_050, observedAt: 1_003_000, changed: false } });
  expect(status.switches?.slice(1).map((s) => [s.generation, Date.parse(s.startedAt), Date.parse(s.observedAt), s.milliseconds])).toEqual([[4, 1_000_100, 1_003_000, 2_900], [5, 1_000_300, 1_003_000, 2_700]]);
  expect(status.observedGeneration).toBe(5);
});

test('a Gateway that is broken keeps nobody from leaving it', () => {
  const gone: TellResult = { outcome: 'failed', name: 'ns/edge', message: 'There is no Gateway', reason: 'GatewayMissing', served: true, terminating: false, config: false };
  const of = (results: TellResult[], arriving: number, entrances: number) =>
    nextStatus({ ...input(), spec: { ...input().spec, leaving: 'gateway-api' }, routers: { results, arriving, entrances }, entry: { task: 'versions', results: [gone] } }).conditions?.find((c) => c.type === 'TakenOver');
  expect(of(input().results, 0, 1)).toMatchObject({ status: 'True' });
  expect(of(input().results, 1, 1)).toMatchObject({ status: 'False', message: expect.stringContaining('1 of the router pods do not run yet') });
  expect(of(input().results, 0, 0)).toMatchObject({ status: 'False' });
  expect(of([], 0, 0)).toMatchObject({ status: 'False', message: expect.stringContaining('no router pod runs yet') });
});

test('a switch that one router took over later is one switch, from the first command to the last read-back', () => {
  const first = nextStatus(input());
  const told = (name: string, lastSwitchAt: number, observedAt: number) => ({ outcome: 'told' as const, name, told: { lastSwitchAt, observedAt, changed: true } });
  const failed = { outcome: 'failed' as const, name: 'r-2', message: 'away', served: true, terminating: false, config: false };
  const half = nextStatus(input({ generation: 4, previous: first, results: [told('r-1', 1_000_100, 1_000_105), failed] }));
  const whole = nextStatus(input({ generation: 4, previous: half, results: [told('r-1', 1_000_100, 1_000_200), told('r-2', 1_000_190, 1_000_195)] }));
  expect(whole.switches).toHaveLength(2);
  expect(whole.switches?.[1]).toMatchObject({ generation: 4, startedAt: new Date(1_000_100).toISOString() });
  expect(whole.observedGeneration).toBe(4);
});
