import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Branch, type Checkout, LookupError, type Repositories } from '../../controllers/source/ports.ts';
import { gitIn, type Git, type GitEnvironment, type GitOptions } from '../repository/git-command.ts';
import { removeKeys, withCredentials } from '../repository/git-credentials.ts';
import { failureOf } from '../repository/git-remote.ts';

export interface GitRepositoriesOptions {
  /** Where fetched commits are kept, so that each comes over the network once. */
  readonly directory: string;
  readonly environment: GitEnvironment;
  /** True: `file:` URLs may name repositories of this machine. Not where others than its owner make Sources. */
  readonly allowFiles: boolean;
}

const CHECKOUT = 'checkout-';
const LOOK_MS = 60_000;
const FETCH_MS = 600_000;

/** Repositories that Sources follow. Each commit is checked out into a folder of its own, without history and without credentials. */
export function gitRepositories(options: GitRepositoriesOptions): Repositories {
  // Left by a process that was killed while it built.
  if (existsSync(options.directory)) for (const name of readdirSync(options.directory)) if (name.startsWith(CHECKOUT)) rmSync(join(options.directory, name), { recursive: true, force: true });
  removeKeys(options.directory);
  return {
    tip: (branch, signal) => look(options, branch, signal),
    async contains(branch, tip, commit, signal) {
      const git = await fetched(options, branch, tip, signal);
      return git(['merge-base', '--is-ancestor', commit, tip]).then(() => true, () => false);
    },
    checkOut: (branch, commit, signal) => checkOut(options, branch, commit, signal),
  };
}

async function look(options: GitRepositoriesOptions, branch: Branch, signal: AbortSignal): Promise<string | undefined> {
  const listed = await remotely(options, branch, LOOK_MS, (git, more) => git(['ls-remote', '--heads', '--', branch.url, `refs/heads/${branch.branch}`], { ...more, signal }));
  return listed.split('\t')[0] || undefined;
}

async function checkOut(options: GitRepositoriesOptions, branch: Branch, commit: string, signal: AbortSignal): Promise<Checkout> {
  const git = await fetched(options, branch, commit, signal);
  const [author = '', message = ''] = (await git(['log', '-1', '--format=%an%x00%B', commit])).split('\0');
  const version = await versionOf(git, commit);
  const folder = await mkdtemp(join(options.directory, CHECKOUT));
  try {
    await git(['--work-tree', folder, '-c', 'core.symlinks=true', 'read-tree', `--index-output=${folder}.index`, commit]);
    await git(['--work-tree', folder, 'checkout-index', '--all', '--force'], { env: { GIT_INDEX_FILE: `${folder}.index` }, signal });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(`${folder}.index`, { force: true });
  }
  return { folder, version, author, message: message.trim(), dispose: () => rm(folder, { recursive: true, force: true }) };
}

/** git-describe(1); a version is a name in Kubernetes, so that other letters become dashes. */
async function versionOf(git: Git, commit: string): Promise<string> {
  const described = await git(['describe', '--tags', '--match', 'v[0-9]*', '--match', '[0-9]*', commit]).then((text) => text.trim(), () => undefined);
  const version = described ?? `0.0.${(await git(['rev-list', '--count', commit])).trim()}-g${commit.slice(0, 7)}`;
  return version.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-').slice(0, 63).replace(/[-.]+$/, '');
}

/** The repository's store here, with the commit in it. */
async function fetched(options: GitRepositoriesOptions, branch: Branch, commit: string, signal: AbortSignal): Promise<Git> {
  const directory = join(options.directory, createHash('sha256').update(branch.url).digest('hex').slice(0, 24));
  const git = gitIn(directory, options.environment);
  if (!existsSync(join(directory, 'HEAD'))) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await git(['init', '--quiet', '--bare']);
  }
  const here = await git(['cat-file', '-e', `${commit}^{commit}`]).then(() => true, () => false);
  // Tags may be set after the commit was fetched: its version is that of now.
  await remotely(options, branch, FETCH_MS, async (_, more) => {
    await git(['-c', 'fetch.fsckObjects=true', 'fetch', '--quiet', '--force', '--no-write-fetch-head', '--', branch.url, `+refs/heads/${branch.branch}:refs/heads/${branch.branch}`, '+refs/tags/*:refs/tags/*'], { ...more, signal });
  }).catch((error: unknown) => { if (!here) throw error; });
  return git;
}

async function remotely<T>(options: GitRepositoriesOptions, { url, credentials }: Branch, timeoutMs: number, use: (git: Git, options: GitOptions) => Promise<T>): Promise<T> {
  if (url.startsWith('file:') && !options.allowFiles) throw new LookupError('NotAllowed', 'Sources of this cluster follow no repositories of the machine of its controllers: serve the repository over https or ssh');
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const git = gitIn(options.directory, options.environment);
  try {
    return await withCredentials(git, { url, credentials, timeoutMs }, (more) => use(git, more));
  } catch (error) {
    const { reason, message } = failureOf(error);
    throw new LookupError(reason === 'PushRefused' || reason === 'OtherHistory' ? 'Unreachable' : reason, message, { cause: error });
  }
}
