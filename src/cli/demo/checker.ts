import type { Router, RouterSpec } from '../../api/router/router.ts';
import { checkerBucket } from './checker-bucket.ts';
import type { RequestRecord } from './request-log.ts';

/** Traffic rules and the time in which the routers took them over: from the first command sent to the last read-back. */
export interface RoutingState {
  readonly generation: number;
  readonly startedAt: number;
  readonly observedAt: number;
  readonly routes: RouterSpec['routes'];
  readonly production: RouterSpec['production'];
  readonly defaultSegment: string;
  readonly backends: RouterSpec['backends'];
}

/** A process that was killed on purpose: requests on connections through it that were open at that instant may fail. */
export interface Kill {
  /** `gateway`: nothing stands in for it, and while it starts it answers 404 to what it does not know yet. */
  readonly what: 'router' | 'network' | 'gateway';
  /** Just before the signal was sent, milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the kernel had closed all that the process held. Until then its listeners still take connections, which it never sees. */
  readonly goneAt: number;
}

export interface Verdict {
  readonly requests: number;
  /** No answer, an answer of 400 or more, or a wrong answer. */
  readonly failed: number;
  /** Answered by another version or track than the rules of that instant say. */
  readonly misrouted: number;
  /** Users who changed version although neither share nor serving version moved. */
  readonly cohortChanges: number;
  readonly cutByKill: number;
  readonly switchIntervalsMs: readonly number[];
  /** The first few of what went wrong, for people. */
  readonly examples: readonly string[];
}

const BUCKETS = 10_000;
/** Timestamps of switches are whole milliseconds. */
const CLOCK_STEP_MS = 1;
/** Refused connections end within a second of a kill. */
const KILL_WINDOW_MS = 1_000;
const CUT_ERRORS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Collects routing states from every version of a Router object as a watch brings them; a generation whose switch was never read back is none. */
export class RoutingTimeline {
  readonly #specs = new Map<number, RouterSpec>();
  readonly #switches = new Map<number, { startedAt: number; observedAt: number }>();

  observe(router: Router): void {
    const generation = router.metadata?.generation;
    if (generation !== undefined) this.#specs.set(generation, router.spec);
    // Who begins to watch later sees only the spec of now: where it was read back without another switch, its routes hold since the last one.
    const last = router.status?.switches?.at(-1);
    if (last !== undefined && !this.#specs.has(last.generation) && router.status?.observedGeneration === generation) this.#specs.set(last.generation, router.spec);
    for (const s of router.status?.switches ?? []) {
      const startedAt = Date.parse(s.startedAt);
      // A generation may switch again when endpoints fall below a floor; its rules hold since the first time.
      if ((this.#switches.get(s.generation)?.startedAt ?? startedAt) === startedAt) this.#switches.set(s.generation, { startedAt, observedAt: Date.parse(s.observedAt) });
    }
  }

  states(): RoutingState[] {
    return [...this.#switches].sort(([a], [b]) => a - b).flatMap(([generation, times]) => {
      const spec = this.#specs.get(generation);
      return spec === undefined ? [] : [{ generation, ...times, routes: spec.routes, production: spec.production, defaultSegment: spec.defaultSegment, backends: spec.backends }];
    });
  }
}

/** Whether a user stays with a version while its share is part of a segment, or each request is shared anew, as by Gateways. */
export type Cohorts = 'perUser' | 'perRequest';

/** Judges every request against the rules, with buckets of its own and switch times from the routers' read-backs alone. */
export function judge(records: readonly RequestRecord[], states: readonly RoutingState[], kills: readonly Kill[], cohorts: Cohorts = 'perUser'): Verdict {
  const examples: string[] = [];
  const note = (what: string, record: RequestRecord): void => { if (examples.length < 20) examples.push(`${what}: ${JSON.stringify(record)}`); };
  let failed = 0, misrouted = 0, cutByKill = 0;
  const answered: RequestRecord[] = [];
  for (const record of records) {
    if (kills.some((kill) => wasCut(record, kill))) { cutByKill++; continue; }
    if (record.error !== undefined || record.status === 0) { failed++; note('failed', record); continue; }
    answered.push(record);
    const allowed = states.filter((state, index) => record.finishedAt >= state.startedAt - CLOCK_STEP_MS && record.sentAt <= (states[index + 1]?.observedAt ?? Infinity) + CLOCK_STEP_MS);
    const expected = new Set(allowed.flatMap((state) => expectedBackends(state, record, cohorts)));
    if (!expected.has(`${record.track} ${record.version}`)) {
      misrouted++;
      note(`misrouted (expected ${[...expected].join(' or ') || 'nothing'})`, record);
    }
  }
  return { requests: records.length, failed, misrouted, cohortChanges: cohorts === 'perUser' ? countCohortChanges(answered, states, note) : 0, cutByKill, switchIntervalsMs: intervals(states), examples };
}

function expectedBackends(state: RoutingState, record: RequestRecord, cohorts: Cohorts): string[] {
  const segment = record.group ?? state.defaultSegment;
  const names = cohorts === 'perUser' ? [chooseBackend(state, segment, record.user)] : possibleBackends(state, segment);
  return names.map((name) => {
    const backend = state.backends.find((b) => b.name === name);
    return backend === undefined ? 'none' : `${backend.track} ${backend.version}`;
  });
}

/** All that have a share of the segment. */
function possibleBackends({ routes, production }: RoutingState, segment: string): (string | undefined)[] {
  const { backend, share = 0 } = routes.find((r) => r.segment === segment) ?? {};
  const next = production.next?.share ?? 0;
  return [
    ...(backend !== undefined && share > 0 ? [backend] : []),
    ...(share < BUCKETS && next > 0 ? [production.next?.backend] : []),
    ...(share < BUCKETS && next < BUCKETS ? [production.backend] : []),
  ];
}

function chooseBackend(state: RoutingState, segment: string, user: string): string | undefined {
  const route = state.routes.find((r) => r.segment === segment);
  if (route?.backend !== undefined && checkerBucket(route.seed, user) < route.share) return route.backend;
  const { next, backend, seed } = state.production;
  return next !== undefined && checkerBucket(seed, user) < next.share ? next.backend : backend;
}

/** Needs no buckets: a version may change only across a switch that moved the user's segment or production. */
function countCohortChanges(answered: readonly RequestRecord[], states: readonly RoutingState[], note: (what: string, record: RequestRecord) => void): number {
  const byUser = Map.groupBy(answered, (r) => r.user);
  let changes = 0;
  for (const records of byUser.values()) {
    records.sort((a, b) => a.sentAt - b.sentAt);
    for (let i = 1; i < records.length; i++) {
      const [before, after] = [records[i - 1], records[i]];
      if (before === undefined || after === undefined || (before.version === after.version && before.track === after.track)) continue;
      if (!wasMoved(before, after, states)) { changes++; note(`cohort changed from ${before.version}`, after); }
    }
  }
  return changes;
}

function wasMoved(before: RequestRecord, after: RequestRecord, states: readonly RoutingState[]): boolean {
  const from = Math.min(before.sentAt, after.sentAt) - CLOCK_STEP_MS;
  const to = Math.max(before.finishedAt, after.finishedAt) + CLOCK_STEP_MS;
  return states.some((state, index) => {
    const previous = states[index - 1];
    if (previous === undefined || state.observedAt < from || state.startedAt > to) return false;
    const segment = after.group ?? state.defaultSegment;
    const rule = (s: RoutingState): string => JSON.stringify([s.routes.find((r) => r.segment === segment), s.production]);
    return rule(previous) !== rule(state);
  });
}

/** Was the request on a connection through the killed process that was open at that instant, or refused within a second of it? */
function wasCut(record: RequestRecord, kill: Kill): boolean {
  if (record.finishedAt < kill.startedAt - CLOCK_STEP_MS || record.sentAt > kill.goneAt + KILL_WINDOW_MS) return false;
  const wasOpen = (code: string, dialledAt: number): boolean => CUT_ERRORS.has(code) && dialledAt <= kill.goneAt + CLOCK_STEP_MS;
  if (kill.what === 'gateway' && (record.status === 0 || record.status === 404)) return true;
  if (record.status === 0) return record.error === 'ECONNREFUSED' || wasOpen(record.error ?? '', record.dialledAt ?? record.sentAt);
  // Calls between services go through the network process as well, and past the routers.
  return kill.what === 'network' && record.lostHop !== undefined && wasOpen(record.lostHop.code, record.lostHop.dialledAt);
}

/** How long each change of who gets what took on all routers. */
function intervals(states: readonly RoutingState[]): number[] {
  return states.flatMap((state, index) => {
    const previous = states[index - 1];
    const moved = previous !== undefined && JSON.stringify([previous.routes, previous.production]) !== JSON.stringify([state.routes, state.production]);
    return moved ? [state.observedAt - state.startedAt] : [];
  });
}
