import type { Remote, RemoteFailure } from '../../controllers/record/repository.ts';
import { GitError, type Git } from './git-command.ts';
import { withCredentials } from './git-credentials.ts';

const TIMEOUT_MS = 60_000;

/** Where the last fetch put the remote's branch. */
export const TRACKING = 'refs/remotes/record/tip';

/** The tip of the remote's branch, its objects now here and checked; undefined where the remote has no such branch. @throws {GitError} */
export async function fetchTip(git: Git, { url, branch, credentials }: Remote, signal: AbortSignal): Promise<string | undefined> {
  return withCredentials(git, { url, credentials, timeoutMs: TIMEOUT_MS }, async (options) => {
    const listed = await git(['ls-remote', '--heads', '--', url, `refs/heads/${branch}`], { ...options, signal });
    const tip = listed.split('\t')[0] ?? '';
    if (tip === '') return undefined;
    await git(['-c', 'fetch.fsckObjects=true', 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', url, `+refs/heads/${branch}:${TRACKING}`], { ...options, signal });
    return (await git(['rev-parse', '--verify', TRACKING])).trim();
  });
}

/** Sets the remote's branch to a commit that follows on what it has; the remote refuses all else. @throws {GitError} */
export async function push(git: Git, { url, branch, credentials }: Remote, commit: string, signal: AbortSignal): Promise<void> {
  await withCredentials(git, { url, credentials, timeoutMs: TIMEOUT_MS }, (options) => git(['push', '--quiet', '--', url, `${commit}:refs/heads/${branch}`], { ...options, signal }));
  await git(['update-ref', TRACKING, commit]);
}

/** Where the remote's branch was when it was last reached. */
export const lastKnownTip = (git: Git): Promise<string | undefined> => git(['rev-parse', '--verify', '--quiet', TRACKING]).then((text) => text.trim(), () => undefined);

const REASONS: readonly (readonly [RegExp, RemoteFailure])[] = [
  [/Authentication failed|could not read (Username|Password)|Permission denied|HTTP (401|403)|error: 40[13]|access denied|Host key verification failed/i, 'AccessDenied'],
  [/remote rejected|hook declined|protected branch/i, 'PushRefused'],
  [/fsck|corrupt|bad object|index-pack failed|unpack-objects|did not send all necessary|bad pack|invalid sha1|missing (blob|tree|commit|necessary)|unable to read [0-9a-f]{40}|early EOF/i, 'Corrupt'],
  [/not found|does not appear to be a git repository|does not exist|HTTP 404|error: 404|no such file/i, 'NotFound'],
];

const UNKNOWN_HOST = 'the server\'s host key is not in known_hosts of the Secret, and no key is taken on trust (ssh-keyscan prints it; compare it with what the server\'s operator publishes)';

/** Why a remote did not do what was asked, as one word and one line for people. */
export function failureOf(error: unknown): { reason: RemoteFailure; message: string } {
  if (!(error instanceof GitError)) return { reason: 'Unreachable', message: error instanceof Error ? error.message : String(error) };
  if (error.timedOut) return { reason: 'Unreachable', message: `no answer within ${TIMEOUT_MS / 1_000} s` };
  const lines = error.stderr.split('\n').map((l) => l.trim()).filter((l) => l !== '' && !l.startsWith('hint:'));
  const told = lines.filter((l) => /^(fatal|error|remote|ssh|!)|host key|: Permission denied/i.test(l));
  const hostKey = /Host key verification failed/.test(error.stderr) ? `${UNKNOWN_HOST}: ` : '';
  return { reason: REASONS.find(([pattern]) => pattern.test(error.stderr))?.[1] ?? 'Unreachable', message: `${hostKey}${(told.length > 0 ? told : lines).slice(0, 3).join('; ')}`.slice(0, 500) };
}

/** Somebody else pushed between our fetch and our push. */
export const isRace = (error: unknown): boolean => error instanceof GitError && /non-fast-forward|fetch first|stale info|cannot lock ref|reference already exists/.test(error.stderr);
