import type { Condition } from '../../api/group.ts';
import type { SourceFailure } from '../../api/source/source.ts';
import type { Found, ObservedSource } from './observe.ts';
import { versionOfTag } from './version.ts';

export type Ready = Pick<Condition, 'status' | 'reason' | 'message'>;

export type SourceAction =
  | { readonly type: 'status'; readonly ready: Ready; readonly seen?: string }
  | { readonly type: 'build'; readonly found: Extract<Found, { type: 'commit' }>; readonly reason: 'NewCommit' }
  | { readonly type: 'take'; readonly found: Extract<Found, { type: 'tag' }>; readonly version: string; readonly reason: 'NewTag' };

export interface SourceDecision {
  readonly action: SourceAction;
  /** `fault`: looked at again with back-off. */
  readonly again: 'poll' | 'fault';
}

/** What is to be done about what was found. Pure. A revision that became a Build, or broke, is never built again. */
export function reconcile({ source, applicationExists, builds, found }: ObservedSource, canBuild: boolean): SourceDecision {
  const { spec, status } = source;
  const say = (state: Ready['status'], reason: string, message: string, more: { seen?: string; again?: 'poll' | 'fault' } = {}): SourceDecision =>
    ({ action: { type: 'status', ready: { status: state, reason, message }, ...(more.seen === undefined ? {} : { seen: more.seen }) }, again: more.again ?? 'poll' });
  if (spec.suspend === true) return say('Unknown', 'Suspended', 'Nothing new is taken until spec.suspend is false');
  if (!applicationExists) return say('False', 'ApplicationMissing', `There is no Application ${spec.application} in this namespace: apply it, and what is newest is built`);
  if (found.type === 'nothing') return say('False', 'NothingFollowed', 'Neither spec.git nor spec.registry says what to follow');
  if (found.type === 'fault') return say('False', found.reason, found.message, { again: 'fault' });
  const revision = revisionOf(found);
  if (found.type === 'commit' && found.rewritten && spec.git?.onRewrite !== 'follow') {
    return say('False', 'HistoryRewritten', `The branch was set to ${short(found.commit)}, whose history lacks ${short(status?.seen ?? '')} that it had before, so nothing is built: look at it, then set spec.git.onRewrite to follow, or push the lost commits again`);
  }
  const version = found.type === 'tag' ? versionOfTag(found.tag, found.digest) : undefined;
  const made = found.type === 'commit' ? builds.find((b) => b.spec.commit === found.commit) : builds.find((b) => b.spec.version === version && b.spec.image === `${found.image.image}@${found.digest}`);
  if (made !== undefined || status?.built?.revision === revision) return say('True', 'UpToDate', `${shown(found)} is Build ${made?.metadata?.name ?? status?.built?.build}`, { seen: revision });
  if (found.type === 'commit' && !canBuild) return say('False', 'NoBuilder', "These controllers build no images: let CI build them and run 'aweigh push', or follow the tags of a registry with spec.registry", { seen: revision });
  if (status?.failed?.revision === revision && status.failed.generation === source.metadata?.generation) {
    return say('False', status.failed.reason, failureMessage(found, status.failed), { seen: revision });
  }
  if (version !== undefined && builds.some((b) => b.spec.version === version)) return say('False', 'TagMoved', `Tag ${revision} is not what Build ${version} was made of, and a Build never changes: push the image under a new tag`, { seen: revision });
  return found.type === 'commit' ? { action: { type: 'build', found, reason: 'NewCommit' }, again: 'poll' } : { action: { type: 'take', found, version: version ?? '', reason: 'NewTag' }, again: 'poll' };
}

export const revisionOf = (found: Extract<Found, { type: 'commit' | 'tag' }>): string => (found.type === 'commit' ? found.commit : `${found.tag}@${found.digest}`);

/** For people. */
export const shown = (found: Extract<Found, { type: 'commit' | 'tag' }>): string => (found.type === 'commit' ? `Commit ${short(found.commit)}` : `Tag ${found.tag}`);

/** What broke and whose it is. */
export function failureMessage(found: Extract<Found, { type: 'commit' | 'tag' }>, { author, message, verdict }: Pick<SourceFailure, 'author' | 'message' | 'verdict'>): string {
  const by = author === undefined ? '' : ` by ${author}${message === undefined || message === '' ? '' : ` ('${message}')`}`;
  return `${shown(found)}${by} goes nowhere: ${verdict}`;
}

const short = (commit: string): string => commit.slice(0, 10);
