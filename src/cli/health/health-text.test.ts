import { expect, test } from 'vitest';
import { healthText, verdictText } from './health-text.ts';
import type { Health, ShownFinding, ShownService } from './read-health.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const TRACKS = [['internal', 2], ['free', 4], ['paid', 4], ['production', 10]] as const;
const service = (name: string, over: Partial<ShownService> = {}): ShownService => ({
  namespace: 'default', service: name, managed: true, state: 'healthy', routers: { ready: 4, wanted: 4, floor: 2 }, forgotten: [], releases: [], findings: [],
  tracks: TRACKS.map(([track, wanted]) => ({ name: track, version: 'v1.17.0', ready: wanted, wanted, floor: 2 })), ...over,
});
const finding = (name: string, severity: ShownFinding['severity'], text: string): ShownFinding => ({
  id: `default/${name}/router`, rule: 'RouterDegraded', severity, namespace: 'default', service: name, subject: 'router', message: `${name}: ${text}`, value: 1, wanted: 2, next: 'kubectl get pods', tellAfterMs: 0, since: '2026-01-01T00:05:00Z',
});
const channel: Health['channels'][number] = { namespace: 'aweigh-system', name: 'slack', state: 'delivering', undelivered: 0, lastDeliveredAt: '2026-01-01T00:09:00Z' };

test('every line of a service has its state, its numbers and the next command', () => {
  const text = healthText({ services: [service('a', { state: 'critical', findings: [finding('a', 'critical', '1 router available, the floor is 2')] }), service('b')], channels: [channel], findings: [] }, { now: NOW, rows: 50 });
  expect(text.replaceAll(/ {2,}/g, '  ').split('\n')).toEqual([
    '2 services: 1 critical, 1 healthy  0 releases in motion', '',
    'SERVICE  STATE  ROUTERS  TRACKS  WHAT  NEXT',
    'a  CRITICAL  4/4  2/2 4/4 4/4 10/10  1 router available, the floor is 2 (since 5m)  kubectl get pods',
    'b  healthy  4/4  2/2 4/4 4/4 10/10  v1.17.0  aweigh status b -n default', '',
    'CHANNEL  STATE  WAITING  LAST  WHY  NEXT',
    'aweigh-system/slack  delivering  0  60s  kubectl -n aweigh-system get notifications',
  ]);
});

test("a service's own verdict is a line for each thing that is wrong, with the next command", () => {
  expect(verdictText(service('a', { state: 'critical', findings: [finding('a', 'critical', '1 router available, the floor is 2')] }), NOW)).toEqual(['CRITICAL: 1 router available, the floor is 2 (since 5m); next: kubectl get pods']);
  expect(verdictText(service('b'), NOW)).toEqual([]);
});

test('an installation of 30 services fits on one screen of 40 lines and 160 columns, and so does one of 300', () => {
  const unwell = ['x', 'y'].map((name) => service(name, { state: 'warning', findings: [finding(name, 'warning', '3 of 4 routers available')] }));
  for (const many of [28, 298]) {
    const services = [...unwell, ...Array.from({ length: many }, (_, i) => service(`service-${i}`))];
    const lines = healthText({ services, channels: [channel], findings: [] }, { now: NOW, rows: 40 }).split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    if (many === 28) expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(160);
    expect(lines.filter((l) => l.includes('3 of 4 routers'))).toHaveLength(2);
  }
});

test('a release that waits says for what, since when and what to do', () => {
  const release = { name: 'a-v2', phase: 'Progressing', track: 'free', waitsFor: 'approval' as const, since: NOW - 3 * 3_600_000, message: 'Gate qa: waits for approval', next: 'aweigh release approve a -n default' };
  expect(healthText({ services: [service('a', { releases: [release] })], channels: [], findings: [] }, { now: NOW, rows: 50 })).toContain('a-v2     Progressing on free  3h     approval: Gate qa: waits for approval  aweigh release approve a -n default');
});
