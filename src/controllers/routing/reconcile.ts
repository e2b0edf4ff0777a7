import type { Condition } from '../../api/group.ts';
import { TAKEN_OVER, type RouterSpec, type RouterStatus } from '../../api/router/router.ts';
import { semanticEqual } from '../../kubernetes/semantic-equal.ts';
import { chooseVersions, podKindOf, takeoverWaitsFor, type EntryTask, type RoutersSeen } from './entry.ts';
import type { TellResult, Told, Traffic, TrafficServer } from './traffic-provider.ts';

const KEPT_SWITCHES = 50;

/** Ready servers of a backend; none where the backend is not there. */
const readyIn = (servers: ReadonlyMap<string, readonly TrafficServer[]>, backend: string | undefined): number =>
  backend === undefined ? 0 : (servers.get(backend)?.filter((s) => !s.draining).length ?? 0);

/**
 * What every router is told: the spec's routes with the floors applied to what is ready now.
 * Invariant: a route whose backend is below its floor sends it nothing new. Production has no floor: it always keeps its share.
 */
export function trafficOf(spec: RouterSpec, servers: ReadonlyMap<string, readonly TrafficServer[]>): Traffic {
  const floorOf = (name: string | undefined): number => Math.max(1, spec.backends.find((b) => b.name === name)?.floor ?? 1);
  const below = (name: string | undefined): boolean => readyIn(servers, name) < floorOf(name);
  const { production } = spec;
  const { include = [], exclude = [] } = production;
  return {
    backends: spec.backends.map(({ name, track, version }) => ({ name, track, version, servers: servers.get(name) ?? [] })),
    routes: spec.routes.map((route) => {
      const { segment, backend, seed, strict, share, include = [], exclude = [] } = route;
      const there = backend !== undefined && spec.backends.some((b) => b.name === backend);
      const closed = there && below(backend);
      return {
        segment, seed, floor: floorOf(backend), belowFloor: strict ? 'refuse' as const : 'production' as const, closed,
        ...(there ? { backend } : {}),
        share: !there || (closed && !strict) ? 0 : clampShare(share),
        ...(there && include.length > 0 ? { include } : {}),
        ...(there && exclude.length > 0 ? { exclude } : {}),
      };
    }),
    production: {
      seed: production.seed,
      ...(production.backend === undefined ? {} : { backend: production.backend }),
      ...(production.next === undefined ? {} : { next: { backend: production.next.backend, floor: floorOf(production.next.backend), share: below(production.next.backend) ? 0 : clampShare(production.next.share) } }),
      ...(include.length > 0 ? { include } : {}),
      ...(exclude.length > 0 ? { exclude } : {}),
    },
  };
}

const clampShare = (share: number): number => Math.min(10_000, Math.max(0, Math.round(share)));

export interface StatusInput {
  readonly spec: RouterSpec;
  readonly generation: number;
  readonly previous: RouterStatus | undefined;
  readonly traffic: Traffic;
  readonly servers: ReadonlyMap<string, readonly TrafficServer[]>;
  /** The routers; none where Gateways alone route. */
  readonly routers: RoutersSeen;
  /** The Gateways; `results` is empty unless the task is to have them route. */
  readonly entry: { readonly task: EntryTask; readonly results: readonly TellResult[] };
  readonly now: number;
}

/** Status after a pass; the very `previous` object when nothing in it changed, so that an idle router causes no write. */
export function nextStatus(input: StatusInput): RouterStatus {
  const { generation, previous, traffic, servers, routers, entry, now, spec } = input;
  const choosing = chooseVersions(entry.task, previous) ? entry.results : [];
  const deciding = [...routers.results, ...choosing];
  const told = toldOf(deciding);
  const blocking = deciding.filter((r) => r.outcome === 'failed' && r.served && !r.terminating);
  const complete = told.length > 0 && blocking.length === 0;
  const { pods: podsBefore, gateways: gatewaysBefore, ...kept } = previous ?? {};
  const pods = followers(routers.results, podsBefore, generation);
  const to = entry.task === 'routers' ? { to: 'routers' as const } : {};
  const gateways = followers(entry.results, gatewaysBefore?.filter((g) => g.to === to.to), generation).map((g) => ({ ...g, ...to }));
  // A Gateway that has not followed yet goes on as it was.
  const stillAsBefore = (gatewaysBefore ?? []).filter((g) => entry.results.some((r) => r.outcome === 'failed' && r.name === g.name));
  const status: RouterStatus = {
    ...kept,
    ...(podKindOf(spec) === undefined ? {} : { pods }),
    ...(entry.task === 'versions' || entry.task === 'routers' ? { gateways: [...gateways, ...stillAsBefore].sort(byName) } : {}),
    endpoints: spec.backends.map((b) => ({ backend: b.name, ready: readyIn(servers, b.name) })),
    switches: switches(input, told.map((t) => t.told), routers.results.length > 0 ? toldOf(choosing).map((t) => t.told) : []),
    conditions: conditions(input, deciding, blocking.length, told.length),
    ...(complete
      ? {
          observedGeneration: generation,
          observed: {
            routes: traffic.routes.map(({ segment, backend, share }) => ({ segment, ...(backend === undefined ? {} : { backend }), share })),
            production: { ...(traffic.production.backend === undefined ? {} : { backend: traffic.production.backend }), ...(traffic.production.next === undefined ? {} : { next: { backend: traffic.production.next.backend, share: traffic.production.next.share } }) },
          },
        }
      : {}),
  };
  return previous !== undefined && semanticEqual(previous, status) ? previous : { ...status, conditions: status.conditions?.map((c) => ({ ...c, lastTransitionTime: c.lastTransitionTime === '' ? time(now) : c.lastTransitionTime })) };
}

const toldOf = (results: readonly TellResult[]) => results.flatMap((r) => (r.outcome === 'told' ? [r] : []));
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function followers(results: readonly TellResult[], before: RouterStatus['pods'], generation: number): NonNullable<RouterStatus['pods']> {
  return toldOf(results).map(({ name, told: { observedAt, changed } }) => {
    const known = before?.find((p) => p.name === name);
    return known !== undefined && !changed && known.observedGeneration === generation ? known : { name, observedGeneration: generation, at: time(observedAt) };
  }).sort(byName);
}

/**
 * Adds the switch that the pods remember and the status does not. It lasts from the first command of any pod to the last read-back,
 * passes in which a pod could not be told included. The first routes that are ever told count as one, at an instant: before it nobody served.
 */
function switches({ previous, generation }: StatusInput, told: readonly Told[], gateways: readonly Told[]): NonNullable<RouterStatus['switches']> {
  const known = stretched(previous?.switches ?? [], gateways);
  const last = known.at(-1);
  const lastObserved = Math.max(0, ...(previous?.switches ?? []).map((s) => Date.parse(s.observedAt)));
  if (last === undefined && told.length > 0 && told.every((t) => t.lastSwitchAt === undefined)) {
    const at = time(Math.min(...told.map((t) => t.observedAt)));
    return [{ generation, startedAt: at, observedAt: at, milliseconds: 0 }];
  }
  const resumes = last !== undefined && last.generation === generation && previous?.observedGeneration !== generation;
  const fresh = told.filter((t) => t.lastSwitchAt !== undefined && t.lastSwitchAt > lastObserved);
  if (fresh.length === 0) return known;
  const startedAt = resumes ? Date.parse(last.startedAt) : Math.min(...fresh.map((t) => t.lastSwitchAt ?? t.observedAt));
  const observedAt = Math.max(...fresh.map((t) => t.observedAt));
  return [...(resumes ? known.slice(0, -1) : known), { generation, startedAt: time(startedAt), observedAt: time(observedAt), milliseconds: observedAt - startedAt }].slice(-KEPT_SWITCHES);
}

/** Switches that the routers had made while Gateways, which choose versions too, did not follow yet: those last until they do. */
function stretched(known: NonNullable<RouterStatus['switches']>, gateways: readonly Told[]): NonNullable<RouterStatus['switches']> {
  return known.map((one) => {
    const startedAt = Date.parse(one.startedAt), before = Date.parse(one.observedAt);
    const observedAt = Math.max(before, ...gateways.filter((g) => g.lastSwitchAt !== undefined && g.lastSwitchAt <= before).map((g) => g.observedAt));
    return observedAt === before ? one : { ...one, observedAt: time(observedAt), milliseconds: observedAt - startedAt };
  });
}

/** Gateways know weights, and no hash of a user's id. */
const NOT_STABLE = {
  type: 'CohortsStable', status: 'False', reason: 'WeightsPerRequest',
  message: "Gateways share requests, not users: the same user may meet both versions of a track while its share is between 0 and 100 percent. Users who must not are listed in the track's users, or the router kind is haproxy or builtin",
} as const;

function conditions({ previous, traffic, servers, generation, routers, entry, spec }: StatusInput, deciding: readonly TellResult[], blocking: number, told: number): Condition[] {
  const byGateways = spec.provider === 'gateway-api';
  const failed = deciding.find((r) => r.outcome === 'failed');
  const closed = traffic.routes.filter((r) => r.closed).map((r) => r.segment);
  const main = spec.production.backend;
  const floor = spec.backends.find((b) => b.name === main)?.floor ?? 1;
  const ready = readyIn(servers, main);
  const wanted: Omit<Condition, 'lastTransitionTime'>[] = [
    told > 0 && blocking === 0
      ? { type: 'Told', status: 'True', ...(byGateways ? { reason: 'Accepted', message: 'Every Gateway has accepted the routes as the spec says' } : { reason: 'ReadBack', message: 'Every router that serves does as the spec says' }) }
      : { type: 'Told', status: 'False', reason: told === 0 && blocking === 0 ? 'NoRouter' : (failed?.outcome === 'failed' ? failed.reason : undefined) ?? 'RouterNotTold', message: failed?.outcome === 'failed' ? failed.message : 'No router pod runs yet' },
    closed.length === 0
      ? { type: 'FloorsMet', status: 'True', reason: 'EnoughEndpoints', message: 'Every routed version has its floor of ready endpoints' }
      : { type: 'FloorsMet', status: 'False', reason: 'BelowFloor', message: `Below their floor of ready endpoints: ${closed.join(', ')}` },
    main !== undefined && ready >= floor
      ? { type: 'ProductionHealthy', status: 'True', reason: 'EnoughEndpoints', message: 'Production has its floor of ready endpoints' }
      : { type: 'ProductionHealthy', status: 'False', reason: main === undefined ? 'NoProduction' : 'BelowFloor', message: main === undefined ? 'No version is in production yet' : `Production ${main} has fewer than ${floor} ready endpoints and keeps its share` },
    ...(entry.task === 'versions' ? [NOT_STABLE] : []),
    ...(entry.task === 'routers' ? [entryCondition(entry.results)] : []),
    ...(spec.leaving === undefined ? [] : [takeover(spec, takeoverWaitsFor(spec, routers, entry.results), spec.leaving)]),
  ];
  return wanted.map((c) => {
    const before = previous?.conditions?.find((p) => p.type === c.type);
    if (before !== undefined && before.status === c.status && before.reason === c.reason && before.observedGeneration === generation && (c.type !== TAKEN_OVER || before.message === c.message)) return before;
    return { ...c, observedGeneration: generation, lastTransitionTime: before?.status === c.status ? before.lastTransitionTime : '' };
  });
}

function takeover({ provider }: RouterSpec, waitsFor: string | undefined, leaving: string): Omit<Condition, 'lastTransitionTime'> {
  return waitsFor === undefined
    ? { type: TAKEN_OVER, status: 'True', reason: 'Routes', message: `${provider} routes: nobody needs ${leaving} any longer` }
    : { type: TAKEN_OVER, status: 'False', reason: 'Waiting', message: `${leaving} goes on until ${provider} routes: ${waitsFor}` };
}

/** Releases do not wait for it: the routers choose, whoever leads to them. */
function entryCondition(results: readonly TellResult[]): Omit<Condition, 'lastTransitionTime'> {
  const failed = results.find((r) => r.outcome === 'failed');
  return failed?.outcome === 'failed'
    ? { type: 'GatewaysLead', status: 'False', reason: failed.reason ?? 'NotAccepted', message: failed.message }
    : { type: 'GatewaysLead', status: 'True', reason: 'Accepted', message: 'Every Gateway has accepted to lead to the routers' };
}

const time = (ms: number): string => new Date(ms).toISOString();
