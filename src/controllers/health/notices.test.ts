import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import { nextAlerts, remembered, type Alert } from './alerts.ts';
import type { Finding } from './finding.ts';
import { decideNotices, hears, type Notice } from './notices.ts';

const SECOND = 1_000, MINUTE = 60_000;
const finding = (id: string, severity: Finding['severity'] = 'critical', tellAfterMs = 0): Finding => {
  const [namespace = '', service = '', ...subject] = id.split('/');
  return { id, rule: severity === 'critical' ? 'TrackBelowFloor' : 'RouterDegraded', severity, namespace, service, subject: subject.join('/'), message: '', value: 1, wanted: 2, next: '', tellAfterMs };
};
const channel = (name: string, spec: Partial<NotificationChannel['spec']> = {}, namespace = 'aweigh-system'): NotificationChannel => ({ metadata: { namespace, name }, spec: { slack: { secretName: name }, ...spec } });

/** Health over time: one look a step, and what was said at it. */
class Watch {
  alerts: readonly Alert[] = [];
  lastFiringAt: Readonly<Record<string, number>> = {};
  sequence = 0;
  readonly said: { at: number; notice: Notice }[] = [];
  readonly channels: readonly NotificationChannel[];
  silencedUntil: number | undefined;

  constructor(...channels: NotificationChannel[]) {
    this.channels = channels;
  }

  look(now: number, findings: readonly Finding[]): string[] {
    const { channels, lastFiringAt, sequence } = this;
    const decision = decideNotices({ alerts: nextAlerts(this.alerts, findings, now), channels, lastFiringAt, sequence, now, silencedUntil: () => (this.silencedUntil !== undefined && this.silencedUntil > now ? this.silencedUntil : undefined) });
    this.alerts = remembered(decision.alerts, now);
    this.lastFiringAt = decision.lastFiringAt;
    this.sequence = decision.sequence;
    this.said.push(...decision.notices.map((notice) => ({ at: now, notice })));
    return decision.notices.map((n) => `${n.channel.split('/')[1]} ${n.kind} ${n.alerts.length}`);
  }

  /** A look each second from `from` to `to`. */
  during(from: number, to: number, findings: readonly Finding[]): string[] {
    const said: string[] = [];
    for (let now = from; now <= to; now += SECOND) said.push(...this.look(now, findings));
    return said;
  }
}

const a = finding('default/account-service/track/free'), b = finding('default/account-service/router'), c = finding('default/billing-service/track/free');

test('an alert is told within a second, once, and once more when it heals', () => {
  const watch = new Watch(channel('slack'));
  expect(watch.during(0, MINUTE, [a])).toEqual(['slack firing 1']);
  expect(watch.said[0]?.at).toBe(SECOND);
  expect(watch.during(61 * SECOND, 3 * MINUTE, [])).toEqual(['slack resolved 1']);
  expect(watch.said[1]).toMatchObject({ at: 62 * SECOND, notice: { closes: [watch.said[0]?.notice.key] } });
});

test('what goes wrong in a moment, across tracks and services, is one message a channel, and so is its recovery', () => {
  const watch = new Watch(channel('slack'), channel('email'));
  watch.look(0, [a]);
  watch.look(500, [a, b]);
  expect(watch.look(1_000, [a, b, c])).toEqual(['slack firing 3', 'email firing 3']);
  // They heal one after the other.
  expect([...watch.during(2_000, 20_000, [b, c]), ...watch.during(21_000, 40_000, [c])]).toEqual([]);
  expect(watch.during(41_000, 50_000, [])).toEqual(['slack resolved 3', 'email resolved 3']);
});

test('a part that heals while the rest stays unwell is told after a while', () => {
  const watch = new Watch(channel('slack'));
  watch.during(0, 2_000, [a, b]);
  expect(watch.during(3_000, 62_000, [b])).toEqual([]);
  expect(watch.during(63_000, 65_000, [b])).toEqual(['slack resolved 1']);
  expect(watch.during(66_000, 70_000, [])).toEqual(['slack resolved 1']);
});

test('more that goes wrong is told once the interval is over', () => {
  const watch = new Watch(channel('slack'));
  watch.during(0, 1_000, [a]);
  expect(watch.during(2_000, 10_000, [a, b, c])).toEqual([]);
  expect(watch.look(11_000, [a, b, c])).toEqual(['slack firing 2']);
});

test('what becomes critical is told again, what becomes better only when it is well', () => {
  const watch = new Watch(channel('slack'));
  const degraded = finding(b.id, 'warning');
  expect(watch.during(0, 20_000, [degraded])).toEqual(['slack firing 1']);
  expect(watch.during(21_000, 40_000, [b])).toEqual(['slack firing 1']);
  expect(watch.during(41_000, 60_000, [degraded])).toEqual([]);
  expect(watch.during(61_000, 70_000, [])).toEqual(['slack resolved 1']);
});

test('a difference in numbers that passes is told to nobody', () => {
  const watch = new Watch(channel('slack'));
  const few = finding(a.id, 'warning', 30 * SECOND);
  expect(watch.during(0, 20_000, [few])).toEqual([]);
  expect(watch.during(21_000, 60_000, [])).toEqual([]);
  expect(watch.during(61_000, 91_000, [few])).toEqual([]);
  expect(watch.during(92_000, 93_000, [few])).toEqual(['slack firing 1']);
});

test('what flaps is told as long as it is news; its recovery waits until it has held', () => {
  const watch = new Watch(channel('slack', { groupIntervalSeconds: 0 }));
  const said: string[] = [];
  for (let i = 0; i < 12; i++) said.push(...watch.during(i * 20_000, i * 20_000 + 10_000, [a]), ...watch.during(i * 20_000 + 11_000, i * 20_000 + 19_000, []));
  expect(said).toEqual(['slack firing 1', 'slack resolved 1', 'slack firing 1', 'slack resolved 1', 'slack firing 1', 'slack resolved 1', 'slack firing 1']);
  expect(watch.during(240_000, 240_000 + 4 * MINUTE, [])).toEqual([]);
  expect(watch.during(240_000 + 4 * MINUTE, 240_000 + 6 * MINUTE, [])).toEqual(['slack resolved 1']);
});

test('silence holds back what is wrong and tells it when it ends', () => {
  const watch = new Watch(channel('slack'));
  watch.silencedUntil = 30_000;
  expect(watch.during(0, 29_000, [a])).toEqual([]);
  expect(watch.during(30_000, 32_000, [a])).toEqual(['slack firing 1']);
});

test('a channel that is made later hears what is wrong now; one that is gone is forgotten', () => {
  const first = new Watch(channel('slack'));
  first.during(0, 2_000, [a]);
  const second = new Watch(channel('email'));
  Object.assign(second, { alerts: first.alerts });
  expect(second.during(3_000, 5_000, [a])).toEqual(['email firing 1']);
  expect(Object.keys(second.alerts[0]?.told ?? {})).toEqual(['aweigh-system/email']);
});

test.for([
  { what: 'a channel of aweigh-system hears of every namespace', of: channel('x'), id: a.id, severity: 'warning', hears: true },
  { what: 'a channel elsewhere hears of its own namespace', of: channel('x', {}, 'default'), id: a.id, severity: 'warning', hears: true },
  { what: 'and of no other', of: channel('x', {}, 'team'), id: a.id, severity: 'critical', hears: false },
  { what: 'severity', of: channel('x', { match: { minimumSeverity: 'critical' } }), id: a.id, severity: 'warning', hears: false },
  { what: 'namespaces', of: channel('x', { match: { namespaces: ['team'] } }), id: a.id, severity: 'critical', hears: false },
  { what: 'services', of: channel('x', { match: { services: ['account-service'] } }), id: a.id, severity: 'critical', hears: true },
  { what: 'no channel is told that itself does not work', of: channel('x'), id: 'aweigh-system/notification-channels/channel/x', severity: 'critical', hears: false },
] as const)('$what', (given) => expect(hears(given.of, given)).toBe(given.hears));

test('over any history nothing is lost and nothing is doubled: firing and recovery of each alert take turns, and what lasts was told', () => {
  const ids = [a.id, b.id, c.id];
  const step = fc.record({ wait: fc.integer({ min: 100, max: 400_000 }), unwell: fc.subarray(ids), restart: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
    const watch = new Watch(channel('slack'));
    let now = 0;
    const unwell = (which: readonly string[]): Finding[] => which.map((id) => finding(id));
    for (const { wait, unwell: which, restart } of steps) {
      now += wait;
      // A restart knows only what was written.
      if (restart) watch.alerts = JSON.parse(JSON.stringify(watch.alerts)) as Alert[];
      watch.look(now, unwell(which));
    }
    const last = steps.at(-1)?.unwell ?? [];
    // Long enough for every interval, hold and wait; the answer is looked for as often as a controller would.
    for (const end = now + 20 * MINUTE; now < end; now += 10 * SECOND) watch.look(now, unwell(last));
    for (const id of ids) {
      const kinds = watch.said.filter(({ notice }) => notice.alerts.includes(id)).map(({ notice }) => notice.kind);
      expect(kinds.every((kind, i) => kind === (i % 2 === 0 ? 'firing' : 'resolved'))).toBe(true);
      expect(kinds.at(-1) ?? 'resolved').toBe(last.includes(id) ? 'firing' : 'resolved');
    }
    const keys = watch.said.map(({ notice }) => notice.key);
    expect(new Set(keys).size).toBe(keys.length);
  }), { numRuns: 300 });
});
