import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitCredentials } from '../../api/git/credentials.ts';
import type { Git, GitOptions } from './git-command.ts';

export interface Login {
  readonly url: string;
  readonly credentials: GitCredentials | undefined;
  readonly timeoutMs: number;
}

type SshCredentials = Extract<GitCredentials, { type: 'ssh' }>;

/** Folders of keys, below git's own. */
const KEYS = 'aweigh-ssh-';
/** No host key is taken on trust, and nobody is asked. */
const SSH_OPTIONS: readonly (readonly [string, string])[] = [['BatchMode', 'yes'], ['StrictHostKeyChecking', 'yes'], ['UpdateHostKeys', 'no'], ['ConnectTimeout', '15']];

/** What git needs to reach a remote: never in arguments, URLs or the repository's configuration, where others could read it. */
export async function withCredentials<T>(git: Git, { url, credentials, timeoutMs }: Login, use: (options: GitOptions) => Promise<T>): Promise<T> {
  if (credentials?.type === 'ssh') return withKey(git, credentials, (env) => use({ timeoutMs, env }));
  const env: Record<string, string> = { GIT_SSH_COMMAND: ['ssh', ...SSH_OPTIONS.flatMap(([name, value]) => ['-o', `${name}=${value}`])].join(' ') };
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

/** What a process that was killed left; to be called before the first {@link withCredentials} of a folder. */
export function removeKeys(directory: string): void {
  const folder = folderOf(directory);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (name.startsWith(KEYS)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** ssh takes a key from a file alone, which is there while it is used, beside what it opens: in a folder for its owner only. A person's own ssh has no say. */
async function withKey<T>(git: Git, { privateKey, knownHosts }: SshCredentials, use: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(folderOf(git.directory), KEYS));
  try {
    const write = async (name: string, text: string): Promise<string> => {
      const file = join(folder, name);
      await writeFile(file, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
      return file;
    };
    const options: (readonly [string, string])[] = [...SSH_OPTIONS, ['IdentityFile', quoted(await write('key', privateKey))], ['IdentitiesOnly', 'yes'], ['IdentityAgent', 'none']];
    if (knownHosts !== undefined) options.push(['UserKnownHostsFile', quoted(await write('known_hosts', knownHosts))], ['GlobalKnownHostsFile', '/dev/null']);
    const config = await write('config', options.map(([name, value]) => `${name} ${value}`).join('\n'));
    return await use({ GIT_SSH_COMMAND: `ssh -F '${config.replaceAll("'", "'\\''")}'` });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In ssh_config(5) a percent sign begins a token. */
const quoted = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** A work tree is what people see: what is git's own stands in its `.git`. */
function folderOf(directory: string): string {
  const own = join(directory, '.git');
  return existsSync(own) ? own : directory;
}
