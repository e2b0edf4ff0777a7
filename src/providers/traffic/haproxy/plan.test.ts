import { expect, test } from 'vitest';
import type { Traffic, TrafficServer } from '../../../controllers/routing/traffic-provider.ts';
import { planCommands } from './plan.ts';
import type { HaproxyServer, HaproxyState } from './runtime-state.ts';

const MAP = 'etc/aweigh-router/routing.map';
const unused = (n: number): HaproxyServer[] => Array.from({ length: n }, (_, i) => ({ name: `s${i + 1}`, address: '127.0.0.1', port: 1, state: 'maint' }));
const state = (slots: Record<string, string>, servers: Record<string, HaproxyServer[]> = {}): HaproxyState => ({
  map: new Map([['production', '-|-|0|-|0|-'], ...['0', '1', '2', '3'].map((n): [string, string] => [`slot:production-${n}`, slots[n] ?? '-|-|-'])]),
  servers: new Map(['0', '1', '2', '3'].map((n) => [`production-${n}`, servers[n] ?? unused(2)])),
});
const at = (address: string, draining = false): TrafficServer => ({ address, port: 8080, draining });
const traffic = (versions: Record<string, TrafficServer[]>, backend?: string): Traffic => ({
  backends: Object.entries(versions).map(([version, servers]) => ({ name: `production-${version}`, track: 'production', version, servers })), routes: [], production: { seed: 's', ...(backend === undefined ? {} : { backend }) },
});

test('servers come before the route points at them, and leave after', () => {
  const old: HaproxyServer[] = [{ name: 's1', address: '127.64.0.1', port: 8080, state: 'ready' }];
  const plan = planCommands(traffic({ v2: [at('127.64.0.2')] }, 'production-v2'), state({ 0: 'production-v1|production|v1' }, { 0: old }));
  expect(plan.before).toEqual([`set map ${MAP} slot:production-1 production-v2|production|v2`, 'set server production-1/s1 addr 127.64.0.2 port 8080', 'set server production-1/s1 state ready']);
  expect(plan.moves).toEqual([`set map ${MAP} production production-1|-|0|s|0|-`]);
  expect(plan.after).toEqual(['set server production-0/s1 state maint', `set map ${MAP} slot:production-0 -|-|-`]);
});

test('an endpoint that terminates drains, and one that is gone is in maintenance before its place gets another address', () => {
  const servers: HaproxyServer[] = [{ name: 's1', address: '127.64.0.1', port: 8080, state: 'ready' }, { name: 's2', address: '127.64.0.2', port: 8080, state: 'ready' }];
  const plan = planCommands(traffic({ v1: [at('127.64.0.1', true), at('127.64.0.3')] }, 'production-v1'), { ...state({ 0: 'production-v1|production|v1' }, { 0: servers }), map: new Map([['production', 'production-0|-|0|s|0|-'], ['slot:production-0', 'production-v1|production|v1']]) });
  expect(plan).toEqual({ before: [], moves: [], after: ['set server production-0/s1 state drain', 'set server production-0/s2 state maint'] });
});

test('more versions than slots wait for one to leave, or say so', () => {
  const full = { 0: 'production-v1|production|v1', 1: 'production-v2|production|v2', 2: 'production-v3|production|v3', 3: 'production-v4|production|v4' };
  expect(planCommands(traffic({ v2: [], v3: [], v4: [], v5: [] }), state(full)).after).toContain(`set map ${MAP} slot:production-0 -|-|-`);
  expect(() => planCommands(traffic({ v1: [], v2: [], v3: [], v4: [], v5: [] }), state(full))).toThrow('at most 4 versions of track production');
});

test('nothing that HAProxy would read as a second command is ever told', () => {
  expect(() => planCommands({ ...traffic({ v1: [] }), production: { seed: 'a;shutdown' } }, state({}))).toThrow('Cannot tell');
});
