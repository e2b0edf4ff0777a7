import { expect, test } from 'vitest';
import type { Notification, NotificationStatus } from '../../api/notification/notification.ts';
import { failedAttempt, reconcile } from './reconcile.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z'), MINUTE = 60_000;
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const message = (name: string, status?: NotificationStatus): Notification => ({ metadata: { namespace: 'aweigh-system', name }, spec: { channel: 'slack', kind: 'firing', severity: 'critical', dedupeKey: name, subject: '', text: '', alerts: [], total: 0 }, ...(status && { status }) });
const decide = (...messages: Notification[]): string[] => reconcile(messages, NOW).map((a) => (a.type === 'wait' ? `wait ${a.ms}` : `${a.type} ${a.notification.metadata?.name}`));

test.for([
  { when: 'there is nothing', messages: [], then: [] },
  { when: 'two wait: the older first, and no other before it was taken', messages: [message('slack-100'), message('slack-99')], then: ['send slack-99'] },
  { when: 'all were taken', messages: [message('slack-1', { deliveredAt: at(-MINUTE) })], then: [] },
  { when: 'an attempt failed a moment ago', messages: [message('slack-1', { attempts: 3, nextAttemptAt: at(4_000) }), message('slack-2')], then: ['wait 4000'] },
  { when: 'its time has come', messages: [message('slack-1', { attempts: 3, nextAttemptAt: at(-1) })], then: ['send slack-1'] },
  { when: 'an attempt is under way, perhaps of another leader', messages: [message('slack-1', { attemptStartedAt: at(-4_000) })], then: ['wait 6000'] },
  { when: 'an attempt never ended', messages: [message('slack-1', { attemptStartedAt: at(-11_000) })], then: ['send slack-1'] },
  { when: 'the clock stepped back by an hour', messages: [message('slack-1', { attemptStartedAt: at(60 * MINUTE) })], then: ['send slack-1'] },
  { when: 'one was taken eight days ago', messages: [message('slack-1', { deliveredAt: at(-8 * 24 * 60 * MINUTE) }), message('slack-2', { deliveredAt: at(-MINUTE) })], then: ['prune slack-1'] },
])('$when', ({ messages, then }) => expect(decide(...messages)).toEqual(then));

test('attempts come ever later, at most a minute apart, and no sooner than the channel asked', () => {
  let status: NotificationStatus | undefined;
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    status = failedAttempt(status, 'Slack answered 500', NOW);
    waits.push((Date.parse(status.nextAttemptAt ?? '') - NOW) / 1_000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(failedAttempt(undefined, '', NOW, 90_000).nextAttemptAt).toBe(at(90_000));
});
