import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RecordChange, RecordCommit, Repository } from '../../controllers/record/repository.ts';
import type { Logger } from '../../runtime/logger.ts';
import { GitObjects } from './git-objects.ts';
import { GitTree } from './git-tree.ts';

const run = promisify(execFile);
const BRANCH = 'main';
const COMMITTER = { name: 'aweigh', email: 'aweigh@localhost' };
const INDEX_ATTEMPTS = 20;
const INDEX_RETRY_MS = 50;
const OWN_TRAILER = 'Recorded-By: aweigh';

interface Waiting {
  readonly change: RecordChange;
  resolve(sha: string): void;
  reject(error: unknown): void;
}

/**
 * The record in a git work tree at `directory`: a person can read, clone, revert and push to it with plain git.
 * Changes that arrive while a commit is being made share the next one.
 */
export async function openRepository(directory: string, log: Logger): Promise<Repository & { close(): Promise<void> }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const repository = new GitRepository(directory, log);
  await repository.prepare();
  return repository;
}

class GitRepository implements Repository {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #objects: GitObjects;
  /** The files of our own last commit. */
  #tree: { readonly at: string; readonly tree: GitTree } | undefined;
  #indexing: Promise<void> | undefined;
  #indexStale = false;
  #waiting: Waiting[] = [];
  #committing = false;
  #ownHead: string | undefined;
  /** By folder, as of one HEAD: asking git costs a process. */
  readonly #lastCommits = new Map<string, RecordCommit>();
  #lastCommitsAt: string | undefined;
  #closeWatch: () => void = () => {};
  readonly #moved = new Set<() => void>();

  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
    this.#objects = new GitObjects(join(directory, '.git'));
  }

  async prepare(): Promise<void> {
    if (!existsSync(join(this.#directory, '.git'))) {
      await this.#git(['init', '--quiet', `--initial-branch=${BRANCH}`]);
      await this.#git(['config', 'receive.denyCurrentBranch', 'updateInstead']);
      await this.#git(['config', 'gc.auto', '2000']);
    }
    for (const lock of ['index.lock', `refs/heads/${BRANCH}.lock`]) await rm(join(this.#directory, '.git', lock), { force: true });
    await this.#finishInterrupted();
    this.#ownHead = await this.#head();
    const watcher = watch(join(this.#directory, '.git'), { recursive: false }, () => void this.#noticeMove());
    const heads = watch(join(this.#directory, '.git', 'refs', 'heads'), () => void this.#noticeMove());
    this.#closeWatch = () => { watcher.close(); heads.close(); };
  }

  async close(): Promise<void> {
    this.#closeWatch();
    while (this.#indexing !== undefined) await this.#indexing;
  }

  commit(change: RecordChange): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      void this.#drain();
    });
  }

  async read(directory: string): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    if ((await this.#head()) === undefined) return files;
    const listed = await this.#git(['ls-tree', '-r', '--name-only', '-z', 'HEAD', '--', `${directory}/`]);
    for (const path of listed.split('\0').filter(Boolean)) {
      files.set(path.slice(directory.length + 1), await this.#git(['show', `HEAD:${path}`]));
    }
    return files;
  }

  async lastCommit(directory: string): Promise<RecordCommit | undefined> {
    const head = await this.#head();
    if (head === undefined) return undefined;
    if (head !== this.#lastCommitsAt) this.#lastCommits.clear();
    this.#lastCommitsAt = head;
    const known = this.#lastCommits.get(directory) ?? (await this.#readLastCommit(directory));
    if (known !== undefined) this.#lastCommits.set(directory, known);
    return known;
  }

  async #readLastCommit(directory: string): Promise<RecordCommit | undefined> {
    const text = await this.#git(['log', '-1', '--format=%H%x00%an%x00%s%x00%b', '--', directory]);
    const [sha, author = '', subject = '', body = ''] = text.trim().split('\0');
    return sha ? { sha, author, subject, own: !isRevert(subject) && body.includes(OWN_TRAILER) } : undefined;
  }

  async applications(): Promise<readonly { namespace: string; name: string }[]> {
    if ((await this.#head()) === undefined) return [];
    const listed = await this.#git(['ls-tree', '-r', '-d', '--name-only', 'HEAD', '--', 'applications/']);
    return listed.split('\n').flatMap((path) => {
      const [, namespace, name, rest] = path.split('/');
      return namespace && name && rest === undefined ? [{ namespace, name }] : [];
    });
  }

  onMoved(call: () => void): () => void {
    this.#moved.add(call);
    return () => this.#moved.delete(call);
  }

  async #drain(): Promise<void> {
    if (this.#committing) return;
    this.#committing = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        try {
          const sha = await this.#commitAll(batch.map((w) => w.change));
          for (const w of batch) w.resolve(sha);
        } catch (error) {
          for (const w of batch) w.reject(error);
        }
      }
    } finally {
      this.#committing = false;
    }
  }

  async #commitAll(changes: readonly RecordChange[]): Promise<string> {
    const before = await this.#head();
    const moved = before !== this.#ownHead;
    if (before !== this.#lastCommitsAt) this.#lastCommits.clear();
    const tree = await this.#treeAt(before);
    let touched = false;
    for (const change of changes) touched = (await this.#writeFiles(change, tree)) || touched;
    if (touched) {
      const [first] = changes;
      const parent = before === undefined ? '' : `parent ${before}\n`;
      const seconds = Math.floor(Date.now() / 1_000);
      const text = `tree ${await tree.write(this.#objects)}\n${parent}author ${sanitize(first?.actor ?? '')} <${COMMITTER.email}> ${seconds} +0000\ncommitter ${COMMITTER.name} <${COMMITTER.email}> ${seconds} +0000\n\n${message(changes)}`;
      const commit = await this.#objects.write('commit', Buffer.from(text));
      await this.#moveHead(before, commit);
      this.#tree = { at: commit, tree };
      this.#ownHead = commit;
      this.#refreshIndex();
    } else {
      this.#ownHead = before;
    }
    this.#rememberOwn(changes);
    if (moved) for (const call of this.#moved) call();
    return this.#ownHead ?? '';
  }

  async #treeAt(head: string | undefined): Promise<GitTree> {
    // A failed commit may have left its changes in the tree: it is read again then, as nothing was noted under this commit.
    const known = this.#tree?.at === head ? this.#tree?.tree : undefined;
    this.#tree = undefined;
    if (known !== undefined) return known;
    return head === undefined ? new GitTree() : GitTree.parse(await this.#git(['ls-tree', '-r', '-z', head]));
  }

  /** As git does it: the lock file is made by one only, and becomes the branch if it has not moved meanwhile. */
  async #moveHead(from: string | undefined, to: string): Promise<void> {
    const branch = join(this.#directory, '.git', 'refs', 'heads', BRANCH);
    const lock = `${branch}.lock`;
    await writeFile(lock, `${to}\n`, { flag: 'wx' });
    try {
      if ((await this.#head()) !== from) throw new Error('The record was moved while a commit was made; it is made again on top');
      await rename(lock, branch);
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    }
  }

  /** People see the work tree through the index; nothing waits for it. Never `git reset`: it would set the branch back to what it read first. */
  #refreshIndex(attempts = INDEX_ATTEMPTS): void {
    if (this.#indexing !== undefined) { this.#indexStale = true; return; }
    this.#indexStale = false;
    let left = 0;
    this.#indexing = this.#git(['read-tree', '--reset', 'HEAD']).then(() => {}, (error: unknown) => {
      // A person's git may hold the index at this moment.
      left = attempts - 1;
      if (left === 0) this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'Index of the record not refreshed');
      else return wait(INDEX_RETRY_MS);
    }).finally(() => {
      this.#indexing = undefined;
      if (this.#indexStale || left > 0) this.#refreshIndex(left > 0 ? left : INDEX_ATTEMPTS);
    });
  }

  #rememberOwn(changes: readonly RecordChange[]): void {
    if (this.#ownHead === undefined) return;
    this.#lastCommitsAt = this.#ownHead;
    for (const { directory, actor, subject } of changes) this.#lastCommits.set(directory, { sha: this.#ownHead, author: actor, subject, own: true });
  }

  /** Brings work tree and tree in line with the change; true where anything differed. */
  async #writeFiles(change: RecordChange, tree: GitTree): Promise<boolean> {
    let touched = false;
    for (const [name, content] of change.files) {
      const path = `${change.directory}/${name}`;
      const blob = await this.#objects.write('blob', Buffer.from(content));
      if (tree.idOf(path) === blob) continue;
      const file = join(this.#directory, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      tree.set(path, blob);
      touched = true;
    }
    for (const name of tree.paths(change.directory)) {
      if (change.files.has(name)) continue;
      const path = `${change.directory}/${name}`;
      await rm(join(this.#directory, path), { force: true });
      tree.delete(path);
      touched = true;
    }
    return touched;
  }

  /** A kill between writing files and committing them leaves a dirty work tree: what HEAD says holds. */
  async #finishInterrupted(): Promise<void> {
    if ((await this.#head()) === undefined || existsSync(join(this.#directory, '.git', 'REVERT_HEAD'))) return;
    await this.#git(['reset', '--quiet', '--hard', 'HEAD']);
    await this.#git(['clean', '-fdq', '--', 'applications']);
  }

  async #noticeMove(): Promise<void> {
    if (this.#committing) return;
    const head = await this.#head().catch(() => this.#ownHead);
    if (this.#committing || head === this.#ownHead) return;
    this.#log.info({ from: this.#ownHead, to: head }, 'Record moved by a person');
    this.#ownHead = head;
    for (const call of this.#moved) call();
  }

  async #head(): Promise<string | undefined> {
    const sha = await readFile(join(this.#directory, '.git', 'refs', 'heads', BRANCH), 'utf8').catch(() => undefined);
    if (sha !== undefined) return sha.trim();
    return this.#git(['rev-parse', '--verify', '--quiet', `refs/heads/${BRANCH}`]).then((text) => text.trim() || undefined, () => undefined);
  }

  async #git(args: readonly string[], input?: string): Promise<string> {
    const child = run('git', ['-C', this.#directory, ...args], {
      maxBuffer: 256 * 1024 * 1024,
      env: { PATH: process.env['PATH'], HOME: this.#directory, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_COMMITTER_NAME: COMMITTER.name, GIT_COMMITTER_EMAIL: COMMITTER.email },
    });
    if (input !== undefined) child.child.stdin?.end(input);
    return (await child).stdout;
  }
}

const isRevert = (subject: string): boolean => subject.startsWith('Revert "') || subject.startsWith('Reapply "');

const sanitize = (name: string): string => name.replaceAll(/[<>\n\r]/g, ' ').trim() || COMMITTER.name;

function message(changes: readonly RecordChange[]): string {
  const [only] = changes;
  if (changes.length === 1 && only) return `${only.subject}\n\n${trailers(only)}\n${OWN_TRAILER}\n`;
  const parts = changes.map((c) => `${c.subject}\n${trailers(c)}`);
  return `${changes.length} changes: ${changes.map((c) => c.directory.split('/').at(-1)).join(', ')}\n\n${parts.join('\n\n')}\n\n${OWN_TRAILER}\n`;
}

const trailers = (change: RecordChange): string => [...change.trailers].map(([key, value]) => `${key}: ${value.replaceAll('\n', ' ')}`).join('\n');
