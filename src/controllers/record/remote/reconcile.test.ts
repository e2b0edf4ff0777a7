import { expect, test } from 'vitest';
import type { RecordRepository } from '../../../api/record-repository/record-repository.ts';
import { reconcileRemote, type Attempt } from './reconcile.ts';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const EARLIER = '2026-11-25T09:00:00.000Z';
const away = (waiting = 2): Attempt => ({ outcome: 'failed', reason: 'Unreachable', message: 'no answer within 60 s', waiting });

function settings(status?: 'True' | 'False', reason = 'Synchronized', message = 'The remote has every commit', waiting = 0): RecordRepository {
  return {
    metadata: { name: 'default', generation: 1 }, spec: {},
    ...(status && { status: { observedGeneration: 1, waiting, remoteCommit: 'a', conditions: [{ type: 'RemoteBehind', status, reason, message, lastTransitionTime: EARLIER, observedGeneration: 1 }] } }),
  };
}

test.for<{ when: string; before: RecordRepository; attempt: Attempt; then: object }>([
  { when: 'nothing was known', before: settings(), attempt: { outcome: 'none' }, then: { condition: ['False', 'NoRemote'], became: undefined } },
  { when: 'the first exchange', before: settings(), attempt: { outcome: 'synchronized', commit: 'a', takenIn: 0, pushed: 3 }, then: { condition: ['False', 'Synchronized'], became: undefined } },
  { when: 'it went away', before: settings('False'), attempt: away(), then: { condition: ['True', 'Unreachable'], since: '2026-11-25T10:00:00.000Z', waiting: 2, became: 'behind' } },
  { when: 'it is still away and more waits: since when stays', before: settings('True', 'Unreachable', '', 2), attempt: away(5), then: { condition: ['True', 'Unreachable'], since: EARLIER, waiting: 5, became: undefined } },
  { when: 'it is back', before: settings('True', 'Unreachable', '', 5), attempt: { outcome: 'synchronized', commit: 'b', takenIn: 0, pushed: 5 }, then: { condition: ['False', 'Synchronized'], waiting: 0, became: 'synchronized' } },
  { when: 'its login is gone', before: settings('False'), attempt: { outcome: 'fault', reason: 'SecretMissing', message: 'no' }, then: { condition: ['True', 'SecretMissing'], became: 'behind' } },
])('$when', ({ before, attempt, then }) => {
  const [action] = reconcileRemote(before, attempt, NOW);
  const condition = action?.status.conditions?.[0];
  expect({ condition: [condition?.status, condition?.reason], since: condition?.lastTransitionTime, waiting: action?.status.waiting, became: action?.became }).toMatchObject(then);
});

test('an exchange that changes nothing writes nothing', () => {
  expect(reconcileRemote(settings('False'), { outcome: 'synchronized', commit: 'a', takenIn: 0, pushed: 0 }, NOW)).toEqual([]);
});

test('the message says what waits and what to do', () => {
  const [action] = reconcileRemote(settings('False'), { outcome: 'failed', reason: 'AccessDenied', message: 'fatal: Authentication failed', waiting: 1 }, NOW);
  expect(action?.message).toBe('fatal: Authentication failed. 1 commit waits here and is not lost. Correct the Secret that spec.remote.secretRef names; it is read anew at each attempt');
});
