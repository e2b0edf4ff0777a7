import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitCredentials } from '../../api/git/credentials.ts';
import type { Remote, RemoteFailure } from '../../controllers/record/repository.ts';
import { GitError, type Git, type GitOptions } from './git-command.ts';

const TIMEOUT_MS = 60_000;

/** What git needs to reach a remote: never in arguments, URLs or the repository's configuration, where others could read it. */
export async function withCredentials<T>(url: string, credentials: GitCredentials | undefined, use: (options: GitOptions) => Promise<T>, timeoutMs = TIMEOUT_MS): Promise<T> {
  if (credentials?.type === 'ssh') {
    const folder = await mkdtemp(join(tmpdir(), 'aweigh-ssh-'));
    try {
      const write = async (name: string, text: string): Promise<string> => {
        const file = join(folder, name);
        await writeFile(file, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
        return file;
      };
      const key = await write('key', credentials.privateKey);
      const hosts = credentials.knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile=${await write('known_hosts', credentials.knownHosts)}`];
      return await use({ timeoutMs, env: { GIT_SSH_COMMAND: ['ssh', '-i', key, '-o', 'IdentitiesOnly=yes', ...SSH_OPTIONS, ...hosts].join(' ') } });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const env: Record<string, string> = { GIT_SSH_COMMAND: ['ssh', ...SSH_OPTIONS].join(' ') };
  if (credentials?.type === 'basic' && /^https?:/.test(url)) {
    // Answers only for this server: one that redirects elsewhere gets nothing.
    const key = `credential.${new URL(url).origin}.helper`;
    Object.assign(env, {
      GIT_CONFIG_COUNT: '2', GIT_CONFIG_KEY_0: key, GIT_CONFIG_VALUE_0: '', GIT_CONFIG_KEY_1: key,
      GIT_CONFIG_VALUE_1: '!f() { [ "$1" = get ] && printf "username=%s\\npassword=%s\\n" "$AWEIGH_GIT_USERNAME" "$AWEIGH_GIT_PASSWORD"; }; f',
      AWEIGH_GIT_USERNAME: credentials.username, AWEIGH_GIT_PASSWORD: credentials.password,
    });
  }
  return use({ timeoutMs, env });
}

const SSH_OPTIONS = ['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'ConnectTimeout=15'];

/** Where the last fetch put the remote's branch. */
export const TRACKING = 'refs/remotes/record/tip';

/** The tip of the remote's branch, its objects now here and checked; undefined where the remote has no such branch. @throws {GitError} */
export async function fetchTip(git: Git, { url, branch, credentials }: Remote, signal: AbortSignal): Promise<string | undefined> {
  return withCredentials(url, credentials, async (options) => {
    const listed = await git(['ls-remote', '--heads', '--', url, `refs/heads/${branch}`], { ...options, signal });
    const tip = listed.split('\t')[0] ?? '';
    if (tip === '') return undefined;
    await git(['-c', 'fetch.fsckObjects=true', 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', url, `+refs/heads/${branch}:${TRACKING}`], { ...options, signal });
    return (await git(['rev-parse', '--verify', TRACKING])).trim();
  });
}

/** Sets the remote's branch to a commit that follows on what it has; the remote refuses all else. @throws {GitError} */
export async function push(git: Git, { url, branch, credentials }: Remote, commit: string, signal: AbortSignal): Promise<void> {
  await withCredentials(url, credentials, (options) => git(['push', '--quiet', '--', url, `${commit}:refs/heads/${branch}`], { ...options, signal }));
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

/** Why a remote did not do what was asked, as one word and one line for people. */
export function failureOf(error: unknown): { reason: RemoteFailure; message: string } {
  if (!(error instanceof GitError)) return { reason: 'Unreachable', message: error instanceof Error ? error.message : String(error) };
  if (error.timedOut) return { reason: 'Unreachable', message: `no answer within ${TIMEOUT_MS / 1_000} s` };
  const lines = error.stderr.split('\n').map((l) => l.trim()).filter((l) => l !== '' && !l.startsWith('hint:'));
  const told = lines.filter((l) => /^(fatal|error|remote|ssh|!)/.test(l));
  return { reason: REASONS.find(([pattern]) => pattern.test(error.stderr))?.[1] ?? 'Unreachable', message: (told.length > 0 ? told : lines).slice(0, 3).join('; ').slice(0, 500) };
}

/** Somebody else pushed between our fetch and our push. */
export const isRace = (error: unknown): boolean => error instanceof GitError && /non-fast-forward|fetch first|stale info|cannot lock ref|reference already exists/.test(error.stderr);
