import type { Exchange, Remote } from '../../controllers/record/repository.ts';
import type { Git } from './git-command.ts';
import { failureOf, fetchTip, isRace, lastKnownTip, push } from './git-remote.ts';

/** What an exchange needs of the local branch. */
export interface LocalBranch {
  head(): string | undefined;
  /** Fast-forwards to a commit, or merges it; the work tree follows. */
  takeIn(tip: string): Promise<void>;
}

/** Between fetch and push somebody may push: then once more from the start. */
const ATTEMPTS = 5;

/** @throws nothing: how it ended is the result, since a remote that is away is no error of the record */
export async function exchangeWith(git: Git, local: LocalBranch, remote: Remote, signal: AbortSignal): Promise<Exchange> {
  let takenIn = 0;
  try {
    for (let attempt = 1; ; attempt++) {
      const tip = await fetchTip(git, remote, signal);
      const head = local.head();
      if (tip !== undefined && head !== undefined && !(await related(git, tip, head))) return { ...otherHistory(remote), waiting: await count(git, head) };
      if (tip !== undefined && (head === undefined || !(await isAncestor(git, tip, head)))) {
        takenIn += await count(git, head === undefined ? tip : `${head}..${tip}`);
        await local.takeIn(tip);
      }
      const ours = local.head();
      if (ours === undefined || ours === tip) return { outcome: 'synchronized', commit: tip, takenIn, pushed: 0 };
      try {
        await push(git, remote, ours, signal);
        return { outcome: 'synchronized', commit: ours, takenIn, pushed: await count(git, tip === undefined ? ours : `${tip}..${ours}`) };
      } catch (error) {
        if (!isRace(error) || attempt === ATTEMPTS) throw error;
      }
    }
  } catch (error) {
    const head = local.head();
    const known = await lastKnownTip(git);
    const waiting = head === undefined ? 0 : await count(git, known === undefined ? head : `${known}..${head}`).catch(() => 0);
    return { outcome: 'failed', ...failureOf(error), waiting };
  }
}

function otherHistory({ branch }: Remote): { outcome: 'failed'; reason: 'OtherHistory'; message: string } {
  return {
    outcome: 'failed', reason: 'OtherHistory',
    message: `The remote's branch ${branch} has a history that shares no commit with this record, so nothing was pushed or taken in. Name a branch that does not exist yet in spec.remote.branch; or, where the remote is the record that you want, start a cluster without Applications and name the remote there: it is restored from it`,
  };
}

const related = (git: Git, a: string, b: string): Promise<boolean> => git(['merge-base', a, b]).then(() => true, () => false);
const isAncestor = (git: Git, older: string, newer: string): Promise<boolean> => git(['merge-base', '--is-ancestor', older, newer]).then(() => true, () => false);
const count = async (git: Git, range: string): Promise<number> => Number((await git(['rev-list', '--count', range])).trim());
