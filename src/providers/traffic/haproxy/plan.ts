import { createHash } from 'node:crypto';
import { CannotRouteError, type Traffic, type TrafficBackend, type TrafficProduction, type TrafficRoute } from '../../../controllers/routing/traffic-provider.ts';
import { slotName, SLOTS_PER_TRACK } from '../router-layout.ts';
import { NO_BACKEND } from './config.ts';
import { ROUTING_MAP } from './routing-map.ts';
import type { HaproxyServer, HaproxyState } from './runtime-state.ts';

/** Commands in three steps that keep every request safe: servers come before a route points at them, and leave after. */
export interface HaproxyPlan {
  readonly before: readonly string[];
  /** Routes and production. */
  readonly moves: readonly string[];
  readonly after: readonly string[];
}

const FREE_SLOT = `${NO_BACKEND}|${NO_BACKEND}|${NO_BACKEND}`;

/** What is left to do until the router does as `traffic` says; no commands when it does. @throws {CannotRouteError} */
export function planCommands(traffic: Traffic, state: HaproxyState): HaproxyPlan {
  const held = heldSlots(state);
  const wanted = new Set(traffic.backends.map((b) => b.name));
  const before: string[] = [];
  const after: string[] = [];
  const slots = new Map<string, string>();
  for (const backend of traffic.backends) {
    const slot = held.get(backend.name) ?? freeSlot(backend, state, new Set(slots.values()));
    if (slot === undefined) continue;
    slots.set(backend.name, slot);
    const value = `${backend.name}|${backend.track}|${backend.version}`;
    if (state.map.get(`slot:${slot}`) !== value) before.push(setMap(`slot:${slot}`, value));
    const servers = planServers(slot, backend, state.servers.get(slot) ?? []);
    before.push(...servers.before);
    after.push(...servers.after);
  }
  for (const [name, slot] of held) {
    if (wanted.has(name)) continue;
    for (const server of state.servers.get(slot) ?? []) if (server.state !== 'maint') after.push(`set server ${slot}/${server.name} state maint`);
    after.push(setMap(`slot:${slot}`, FREE_SLOT));
  }
  const moves = planRoutes(traffic, slots, state);
  const missing = traffic.backends.find((b) => !slots.has(b.name));
  if (missing !== undefined && after.length === 0) {
    throw new CannotRouteError(`Cannot give ${missing.name} a place: a router holds at most ${SLOTS_PER_TRACK} versions of track ${missing.track}; let one drain first`);
  }
  // A version without a slot waits for the next pass, and routes with it.
  if (missing !== undefined) return { before: [], moves: [], after };
  return { before, moves, after };
}

/** Backend name → slot. */
export function heldSlots(state: Pick<HaproxyState, 'map'>): Map<string, string> {
  const held = new Map<string, string>();
  for (const [key, value] of state.map) {
    const name = value.split('|')[0] ?? NO_BACKEND;
    if (key.startsWith('slot:') && name !== NO_BACKEND) held.set(name, key.slice('slot:'.length));
  }
  return held;
}

/** Slots whose servers a plan for `traffic` looks at: those that are held, and the free ones of tracks with a version that has none yet. */
export function slotsOfInterest(traffic: Traffic, state: Pick<HaproxyState, 'map'>): string[] {
  const held = heldSlots(state);
  const growing = new Set(traffic.backends.filter((b) => !held.has(b.name)).map((b) => b.track));
  const free = [...growing].flatMap((track) => Array.from({ length: SLOTS_PER_TRACK }, (_, i) => slotName(track, i))).filter((slot) => state.map.get(`slot:${slot}`) === FREE_SLOT);
  return [...held.values(), ...free];
}

function freeSlot(backend: TrafficBackend, state: HaproxyState, taken: ReadonlySet<string>): string | undefined {
  for (let i = 0; i < SLOTS_PER_TRACK; i++) {
    const slot = slotName(backend.track, i);
    const value = state.map.get(`slot:${slot}`);
    if (value === undefined) throw new CannotRouteError(`Cannot route to ${backend.name}: the router's config has no track ${backend.track}`);
    if (value === FREE_SLOT && !taken.has(slot)) return slot;
  }
  return undefined;
}

function planServers(slot: string, backend: TrafficBackend, current: readonly HaproxyServer[]): { before: string[]; after: string[] } {
  const before: string[] = [];
  const after: string[] = [];
  const wanted = new Map(backend.servers.map((s) => [`${s.address}:${s.port}`, s]));
  const used = new Set<string>();
  const free: HaproxyServer[] = [];
  for (const server of current) {
    const want = wanted.get(`${server.address}:${server.port}`);
    if (want === undefined) {
      if (server.state === 'maint') free.push(server);
      else after.push(`set server ${slot}/${server.name} state maint`);
      continue;
    }
    used.add(`${server.address}:${server.port}`);
    if (want.draining) {
      if (server.state === 'ready') after.push(`set server ${slot}/${server.name} state drain`);
    } else if (server.state !== 'ready') before.push(`set server ${slot}/${server.name} state ready`);
  }
  // Those that never served come first, so that an address just left keeps its last connections longest.
  free.sort((a, b) => Number(a.port !== 1) - Number(b.port !== 1));
  for (const [key, want] of wanted) {
    if (used.has(key) || want.draining) continue;
    const server = free.shift();
    if (server === undefined) {
      // Servers that leave in this pass are free in the next.
      if (after.length > 0) break;
      throw new CannotRouteError(`Cannot add server ${key} to ${backend.name}: the router has room for ${current.length} servers a version; its config grows with the track's replicas`);
    }
    before.push(`set server ${slot}/${server.name} addr ${want.address} port ${want.port}`, `set server ${slot}/${server.name} state ready`);
  }
  return { before, after };
}

function planRoutes(traffic: Traffic, slots: ReadonlyMap<string, string>, state: HaproxyState): string[] {
  const slotOf = (backend: string | undefined): string => (backend === undefined ? NO_BACKEND : (slots.get(backend) ?? NO_BACKEND));
  const wanted = new Map<string, string>();
  for (const route of traffic.routes) {
    wanted.set(`segment:${route.segment}`, [slotOf(route.backend), route.share, route.seed, route.floor, route.belowFloor, route.closed ? 'closed' : 'open', isListed(route) ? 'listed' : '-'].join('|'));
  }
  const { production } = traffic;
  wanted.set('production', [slotOf(production.backend), slotOf(production.next?.backend), production.next?.share ?? 0, production.seed, production.next?.floor ?? 0, isListed(production) ? 'listed' : '-'].join('|'));
  const commands: string[] = [];
  for (const [key, value] of wanted) {
    const current = state.map.get(key);
    if (current === undefined) throw new CannotRouteError(`Cannot route ${key}: the router's config does not know it`);
    if (current !== value) commands.push(setMap(key, value));
  }
  return [...planUsers(traffic, state), ...commands];
}

const isListed = ({ include = [], exclude = [] }: TrafficRoute | TrafficProduction): boolean => include.length + exclude.length > 0;
const USER = 'user:';
/** Lists of production: no segment has this name. */
const NO_SEGMENT = '';

/** Users who are always in or out, by the digest of their id, as the config looks them up. */
function planUsers({ routes, production }: Traffic, { map }: HaproxyState): string[] {
  const wanted = new Map<string, string>();
  for (const { segment, include = [], exclude = [] } of [...routes, { ...production, segment: NO_SEGMENT }]) {
    for (const user of include) wanted.set(userKey(segment, user), 'in');
    for (const user of exclude) wanted.set(userKey(segment, user), 'out');
  }
  const commands: string[] = [];
  for (const key of map.keys()) if (key.startsWith(USER) && !wanted.has(key)) commands.push(`del map ${ROUTING_MAP} ${key}`);
  for (const [key, value] of wanted) if (map.get(key) !== value) commands.push(setMap(key, value, map.has(key) ? 'set' : 'add'));
  return commands;
}

const userKey = (segment: string, user: string): string => `${USER}${segment}/${createHash('sha256').update(user).digest('hex').toUpperCase()}`;

/** @throws {CannotRouteError} for what would be read as more than one command */
export function setMap(key: string, value: string, verb: 'set' | 'add' = 'set'): string {
  for (const text of [key, value]) if (!/^[\w.:/|@+-]+$/.test(text)) throw new CannotRouteError(`Cannot tell '${text}' to HAProxy: only letters, digits and _ . : / | @ + - can be told`);
  return `${verb} map ${ROUTING_MAP} ${key} ${value}`;
}
