import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { delivered, nextAlerts, notices, remembered, type Alert } from './notify.ts';

const finding = (id: string): Finding => ({ id, rule: 'TrackBelowFloor', severity: 'critical', namespace: 'default', application: 'shop', subject: 'free', message: '', value: 1, wanted: 2, next: '' });
const quiet = (): boolean => false;
const MINUTE = 60_000;

/** Looks once: returns the alerts and what was said, each notice delivered. */
function look(before: readonly Alert[], findings: readonly Finding[], now: number, channels = ['slack']): { alerts: Alert[]; said: string[] } {
  let alerts = nextAlerts(before, findings, now);
  const due = notices(alerts, channels, quiet, now);
  for (const notice of due) alerts = delivered(alerts, notice);
  return { alerts: remembered(alerts, now), said: due.map((n) => `${n.channel} ${n.kind} ${n.alerts.length}`) };
}

test('an alert is told at once, once, and once more when it heals', () => {
  const first = look([], [finding('a')], 0);
  const second = look(first.alerts, [finding('a')], MINUTE);
  const healed = look(second.alerts, [], 2 * MINUTE);
  const after = look(healed.alerts, [], 3 * MINUTE);
  expect([first.said, second.said, healed.said, after.said]).toEqual([['slack firing 1'], [], ['slack resolved 1'], []]);
});

test('what goes wrong together is one notice a channel', () => {
  expect(look([], [finding('a'), finding('b')], 0, ['slack', 'email']).said).toEqual(['slack firing 2', 'email firing 2']);
});

test('a channel that failed hears it later, the other not twice', () => {
  const alerts = nextAlerts([], [finding('a')], 0);
  const [slack] = notices(alerts, ['slack', 'email'], quiet, 0);
  const half = slack === undefined ? alerts : delivered(alerts, slack);
  expect(notices(half, ['slack', 'email'], quiet, 1).map((n) => n.channel)).toEqual(['email']);
});

test('a recovery is told only to those who heard of the alert', () => {
  const alerts = nextAlerts(nextAlerts([], [finding('a')], 0), [], 1);
  expect(notices(alerts, ['slack'], quiet, 1)).toEqual([]);
});

test('the recovery of what flaps waits until it has held', () => {
  let state = look([], [finding('a')], 0);
  const said: string[] = [...state.said];
  for (let i = 1; i <= 8; i++) {
    state = look(state.alerts, i % 2 === 0 ? [finding('a')] : [], i * 10_000);
    said.push(...state.said);
  }
  const before = said.length;
  state = look(state.alerts, [], 90_000);
  expect(state.said).toEqual([]);
  expect(look(state.alerts, [], 90_000 + 5 * MINUTE).said).toEqual(['slack resolved 1']);
  expect(before).toBeLessThan(9);
});

test('a silenced finding says nothing', () => {
  expect(notices(nextAlerts([], [finding('a')], 0), ['slack'], () => true, 0)).toEqual([]);
});
