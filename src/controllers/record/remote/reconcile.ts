import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../../../api/group.ts';
import type { RecordRepository, RecordRepositoryStatus } from '../../../api/record-repository/record-repository.ts';
import type { Exchange, RemoteFailure } from '../repository.ts';
import type { ObservedRemote } from './observe.ts';

/** How an attempt to reach the remote ended; `none` where no remote is set. */
export type Attempt =
  | Exchange
  | { readonly outcome: 'none' }
  | { readonly outcome: 'fault'; readonly reason: NonNullable<ObservedRemote['fault']>['reason']; readonly message: string };

export type RemoteAction = { readonly type: 'status'; readonly status: RecordRepositoryStatus; readonly reason: string; readonly message: string; readonly became?: 'behind' | 'synchronized' };

const WAYS_OUT: Readonly<Record<RemoteFailure, string>> = {
  Unreachable: 'It is tried again by itself; releases and rollbacks go on meanwhile',
  AccessDenied: 'Correct the Secret that spec.remote.secretRef names; it is read anew at each attempt',
  NotFound: 'Correct spec.remote.url, or make the repository',
  PushRefused: "Let this login push to the branch, or name another in spec.remote.branch",
  OtherHistory: '',
  Corrupt: "Repair the remote ('git fsck' there), or name another; the commits here are whole",
};

/** What the settings' status says after an attempt. Nothing where it says so already. */
export function reconcileRemote(settings: RecordRepository, attempt: Attempt, now: number): RemoteAction[] {
  const before = settings.status?.conditions?.find((c) => c.type === 'RemoteBehind');
  const { status, reason, message } = verdict(attempt);
  const condition: Condition = {
    type: 'RemoteBehind', status, reason, message,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : new Date(now).toISOString(),
    ...(settings.metadata?.generation === undefined ? {} : { observedGeneration: settings.metadata.generation }),
  };
  const remoteCommit = attempt.outcome === 'synchronized' ? attempt.commit : settings.status?.remoteCommit;
  const waiting = attempt.outcome === 'failed' ? attempt.waiting : 0;
  const wanted: RecordRepositoryStatus = {
    ...(settings.metadata?.generation === undefined ? {} : { observedGeneration: settings.metadata.generation }), conditions: [condition], waiting,
    ...(remoteCommit === undefined || attempt.outcome === 'none' ? {} : { remoteCommit }),
  };
  const { conditions: _, ...rest } = settings.status ?? {};
  const { conditions: __, ...wantedRest } = wanted;
  if (isDeepStrictEqual(before, condition) && isDeepStrictEqual(rest, wantedRest)) return [];
  const behindBefore = before?.status === 'True', behind = status === 'True';
  const became = behind && (!behindBefore || before?.reason !== reason) ? 'behind' : behindBefore && !behind ? 'synchronized' : undefined;
  return [{ type: 'status', status: wanted, reason, message, ...(became === undefined ? {} : { became }) }];
}

function verdict(attempt: Attempt): Pick<Condition, 'status' | 'reason' | 'message'> {
  switch (attempt.outcome) {
    case 'none': return { status: 'False', reason: 'NoRemote', message: 'No remote is set: the record stands with the controllers alone' };
    case 'synchronized': return { status: 'False', reason: 'Synchronized', message: 'The remote has every commit' };
    case 'fault': return { status: 'True', reason: attempt.reason, message: attempt.message };
    case 'failed': {
      const wait = attempt.waiting === 0 ? 'No commit waits' : `${attempt.waiting} commit${attempt.waiting === 1 ? ' waits' : 's wait'} here and ${attempt.waiting === 1 ? 'is' : 'are'} not lost`;
      return { status: 'True', reason: attempt.reason, message: [attempt.message, wait, WAYS_OUT[attempt.reason]].filter(Boolean).join('. ') };
    }
  }
}
