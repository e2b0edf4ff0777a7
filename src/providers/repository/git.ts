import { existsSync, watch } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchange, RecordChange, RecordCommit, Remote, Repository, Signature } from '../../controllers/record/repository.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { beginGit } from './git-begin.ts';
import { GitBranch } from './git-branch.ts';
import { gitIn, type Git, type GitEnvironment } from './git-command.ts';
import { removeKeys } from './git-credentials.ts';
import { setDamagedAside } from './git-damage.ts';
import { exchangeWith } from './git-exchange.ts';
import { changedFolders, GitHistory } from './git-history.ts';
import { mergeFiles } from './git-merge.ts';
import { signerOf } from './git-signature.ts';
import { commitObject, messageOf } from './git-message.ts';
import { GitJournal } from './git-journal.ts';
import { idOf } from './git-object-format.ts';
import { GitObjects, readBlobs } from './git-objects.ts';
import { TRACKING } from './git-remote.ts';
import { GitTree } from './git-tree.ts';
import { GitWorkTree } from './git-work-tree.ts';

const BRANCH = 'main';
const PACK_EVERY = 400;
/** A pack counts as many commits: git packs from 50 packs on. */
const PACK_WEIGHT = 8;
const PACK_TIMEOUT_MS = 600_000;
/** Left by a git that was killed; nobody else's git runs while a record is opened. */
const LOCKS = ['index.lock', 'HEAD.lock', 'packed-refs.lock', 'config.lock', `refs/heads/${BRANCH}.lock`, `${TRACKING}.lock`];

export interface RepositoryOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly environment: GitEnvironment;
}

/** Changes that share one commit, at most: one that is urgent waits for the commit that is being made. */
const BATCH = 50;
/** Commits with what is urgent alone may come so often one after the other before the rest has its turn. */
const PASSED_OVER = 4;

interface Waiting {
  readonly change: RecordChange;
  resolve(sha: string): void;
  reject(error: unknown): void;
}

/**
 * The record in a git work tree at `directory`: a person can read, clone, revert and push to it with plain git.
 * Changes that arrive while a commit is being made share the next one.
 */
export async function openRepository(directory: string, options: RepositoryOptions): Promise<Repository & { close(): Promise<void> }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const repository = new GitRepository(directory, options);
  try {
    await repository.prepare();
  } catch (error) {
    await repository.close();
    throw error;
  }
  return repository;
}

class GitRepository implements Repository {
  readonly #directory: string;
  readonly #options: RepositoryOptions;
  readonly #git: Git;
  readonly #branch: GitBranch;
  readonly #journal: GitJournal;
  readonly #objects: GitObjects;
  readonly #history: GitHistory;
  readonly #workTree: GitWorkTree;
  /** The files of our own last commit. */
  #tree: { readonly at: string; readonly tree: GitTree } | undefined;
  #waiting: Waiting[] = [];
  /** Commits since one took what is not urgent, though it waited. */
  #passedOver = 0;
  #committing = false;
  /** Whoever moves the branch holds it. */
  #held: Promise<unknown> = Promise.resolve();
  #moving = 0;
  #ownHead: string | undefined;
  /** Commits since git was last asked whether to pack; a process that starts asks sooner. */
  #unpacked = PACK_EVERY / 2;
  #packing: Promise<void> = Promise.resolve();
  #closeWatch: () => void = () => {};
  readonly #moved = new Set<(directories: ReadonlySet<string>) => void>();
  readonly #committed = new Set<() => void>();

  constructor(directory: string, options: RepositoryOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#git = gitIn(directory, options.environment);
    this.#branch = new GitBranch(join(directory, '.git'), BRANCH);
    this.#journal = new GitJournal(join(directory, '.git'), this.#git, options.log);
    this.#objects = new GitObjects(join(directory, '.git'), this.#journal);
    this.#history = new GitHistory(this.#git);
    this.#workTree = new GitWorkTree(this.#git, options.log);
  }

  async prepare(): Promise<void> {
    const { clock, log } = this.#options;
    removeKeys(this.#directory);
    for (const lock of LOCKS) await rm(join(this.#directory, '.git', lock), { force: true });
    // What it cannot give back now is said below, unless the record goes aside together with it.
    await this.#journal.recover().catch(() => undefined);
    await setDamagedAside(this.#directory, BRANCH, this.#git, clock, log);
    await beginGit(this.#directory, BRANCH, this.#git);
    await this.#journal.recover();
    await this.#finishInterrupted();
    this.#ownHead = this.#branch.head();
    const watcher = watch(join(this.#directory, '.git'), { recursive: false }, () => void this.#noticeMove());
    const heads = watch(join(this.#directory, '.git', 'refs', 'heads'), () => void this.#noticeMove());
    this.#closeWatch = () => { watcher.close(); heads.close(); };
  }

  async close(): Promise<void> {
    this.#closeWatch();
    await this.#held;
    await this.#workTree.settled();
    await this.#packing;
    await this.#journal.close();
  }

  commit(change: RecordChange): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      void this.#drain();
    });
  }

  async read(directory: string, commit?: string): Promise<ReadonlyMap<string, string>> {
    const files = commit === undefined ? await this.listing(directory) : GitTree.parse(await this.#git(['ls-tree', '-r', '-t', '-z', commit, '--', `${directory}/`])).below(directory);
    const contents = await readBlobs(this.#git, [...files.values()]);
    return new Map([...files.keys()].map((path, i) => [path, contents[i] ?? '']));
  }

  listing(directory: string): Promise<ReadonlyMap<string, string>> {
    return this.#holding(async () => {
      const head = this.#branch.head();
      const tree = await this.#treeAt(head);
      if (head !== undefined) this.#tree = { at: head, tree };
      return tree.below(directory);
    });
  }

  digestOf(content: string): string {
    return idOf('blob', Buffer.from(content));
  }

  async lastCommit(directory: string): Promise<RecordCommit | undefined> {
    const head = this.#branch.head();
    return head === undefined ? undefined : (await this.#history.of(directory, head)).last;
  }

  async commitsByPeople(directory: string): Promise<readonly RecordCommit[]> {
    const head = this.#branch.head();
    return head === undefined ? [] : (await this.#history.of(directory, head)).people;
  }

  async lastOwnCommit(directory: string): Promise<string | undefined> {
    const head = this.#branch.head();
    return head === undefined ? undefined : (await this.#history.of(directory, head)).own;
  }

  signerOf(commit: string, allowedSigners: string): Promise<Signature> {
    return signerOf(this.#git, commit, allowedSigners);
  }

  async applications(): Promise<readonly { namespace: string; name: string }[]> {
    if (this.#branch.head() === undefined) return [];
    const listed = await this.#git(['ls-tree', '-r', '-d', '--name-only', 'HEAD', '--', 'applications/']);
    return listed.split('\n').flatMap((path) => {
      const [, namespace, name, rest] = path.split('/');
      return namespace && name && rest === undefined ? [{ namespace, name }] : [];
    });
  }

  onMoved(call: (directories: ReadonlySet<string>) => void): () => void {
    this.#moved.add(call);
    return () => this.#moved.delete(call);
  }

  onCommitted(call: () => void): () => void {
    this.#committed.add(call);
    return () => this.#committed.delete(call);
  }

  exchange(remote: Remote, signal: AbortSignal): Promise<Exchange> {
    return exchangeWith(this.#git, { head: () => this.#branch.head(), takeIn: (tip) => this.#holding(() => this.#takeIn(tip)) }, remote, signal);
  }

  async #drain(): Promise<void> {
    if (this.#committing) return;
    this.#committing = true;
    try {
      while (this.#waiting.length > 0) await this.#holding(() => this.#commitWaiting());
    } finally {
      this.#committing = false;
    }
  }

  async #commitWaiting(): Promise<void> {
    const batch = this.#nextBatch();
    try {
      const sha = await this.#commitAll(batch.map((w) => w.change));
      for (const w of batch) w.resolve(sha);
    } catch (error) {
      for (const w of batch) w.reject(error);
    }
  }

  #nextBatch(): Waiting[] {
    const [urgent, rest] = [true, false].map((is) => this.#waiting.filter((w) => (w.change.urgent ?? false) === is)) as [Waiting[], Waiting[]];
    const alone = urgent.length > 0 && rest.length > 0 && this.#passedOver < PASSED_OVER;
    this.#passedOver = alone ? this.#passedOver + 1 : 0;
    const batch = (alone ? urgent : [...urgent.slice(0, BATCH / 2), ...rest, ...urgent.slice(BATCH / 2)]).slice(0, BATCH);
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((w) => !taken.has(w));
    return batch;
  }

  async #holding<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#held.then(async () => {
      this.#moving++;
      try { return await work(); } finally { if (--this.#moving === 0) queueMicrotask(() => void this.#noticeMove()); }
    });
    this.#held = result.catch(() => undefined);
    return result;
  }

  async #commitAll(changes: readonly RecordChange[]): Promise<string> {
    const before = this.#branch.head();
    const movedFrom = before === this.#ownHead ? undefined : this.#ownHead;
    if (before !== undefined) await this.#history.moveTo(before);
    const tree = await this.#treeAt(before);
    let touched = false;
    this.#objects.clear();
    for (const change of changes) touched = writeFiles(change, tree, this.#objects) || touched;
    if (touched) {
      const commit = this.#addCommit(tree, before === undefined ? [] : [before], changes[0]?.actor ?? '', messageOf(changes));
      await this.#branch.move(before, commit, () => this.#store(), () => {
        this.#tree = { at: commit, tree };
        this.#ownHead = commit;
        this.#history.noteOwn(commit, before, changes);
        this.#workTree.follow();
      });
      for (const call of this.#committed) call();
    } else {
      await this.#branch.settle();
      this.#ownHead = before;
    }
    if (movedFrom !== undefined && before !== undefined) await this.#tellMoved(movedFrom, before);
    return this.#ownHead ?? '';
  }

  /** git packs loose objects only when one of its own commands made them. */
  #pack(weight: number): void {
    this.#unpacked += weight;
    if (this.#unpacked < PACK_EVERY) return;
    this.#unpacked = 0;
    this.#packing = this.#git(['gc', '--auto', '--quiet'], { timeoutMs: PACK_TIMEOUT_MS }).then(() => undefined, (error: unknown) => this.#options.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'The record was not packed'));
  }

  /** Follows commits that people pushed elsewhere; where we have commits that they lack, both become one without a change of their ids. */
  async #takeIn(tip: string): Promise<void> {
    const head = this.#branch.head();
    let commit = tip;
    this.#objects.clear();
    if (head !== undefined && (await this.#git(['merge-base', head, tip])).trim() !== head) {
      const [base, ours, theirs] = await Promise.all([(await this.#git(['merge-base', head, tip])).trim(), head, tip].map((id) => this.#listing(id)));
      const tree = GitTree.of(mergeFiles(base ?? new Map(), ours ?? new Map(), theirs ?? new Map()));
      commit = this.#addCommit(tree, [head, tip], 'aweigh', `Take in commits of the remote\n\nMerged-By: aweigh\n`);
    }
    await this.#branch.move(head, commit, () => this.#store(), () => {
      this.#workTree.follow();
      this.#ownHead = commit;
    });
    this.#options.log.info({ from: head, to: commit }, 'Record took in commits of the remote');
    await this.#tellMoved(head, commit);
  }

  async #listing(commit: string): Promise<Map<string, string>> {
    const lines = (await this.#git(['ls-tree', '-r', '-z', commit])).split('\0').filter(Boolean);
    return new Map(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]));
  }

  /** The id of a commit that {@link #store} writes. */
  #addCommit(tree: GitTree, parents: readonly string[], author: string, message: string): string {
    const seconds = Math.floor(this.#options.clock.now() / 1_000);
    return this.#objects.add('commit', commitObject({ tree: tree.write(this.#objects), parents, author, seconds, message }));
  }

  async #store(): Promise<void> {
    const packs = await this.#objects.flush();
    this.#pack(packs > 0 ? PACK_WEIGHT * packs : 1);
  }

  async #treeAt(head: string | undefined): Promise<GitTree> {
    // A failed commit may have left its changes in the tree: it is read again then, as nothing was noted under this commit.
    const known = this.#tree?.at === head ? this.#tree?.tree : undefined;
    this.#tree = undefined;
    if (known !== undefined) return known;
    return head === undefined ? new GitTree() : GitTree.parse(await this.#git(['ls-tree', '-r', '-t', '-z', head]));
  }

  /** A kill between a commit and its files leaves a dirty work tree: what HEAD says holds. */
  async #finishInterrupted(): Promise<void> {
    if (this.#branch.head() === undefined || existsSync(join(this.#directory, '.git', 'REVERT_HEAD'))) return;
    const reset = (): Promise<string> => this.#git(['reset', '--quiet', '--hard', 'HEAD']);
    await reset().catch(async () => {
      // A power cut may tear the index too, of which git can make nothing, and which HEAD makes anew.
      await rm(join(this.#directory, '.git', 'index'), { force: true });
      await reset();
    });
    await this.#git(['clean', '-fdq', '--', 'applications']);
  }

  async #noticeMove(): Promise<void> {
    if (this.#moving > 0) return;
    const head = this.#branch.head();
    const from = this.#ownHead;
    if (this.#moving > 0 || head === from || head === undefined) return;
    this.#ownHead = head;
    this.#options.log.info({ from, to: head }, 'Record moved by a person');
    await this.#tellMoved(from, head).catch((error: unknown) => this.#options.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'What a person changed in the record could not be read'));
    for (const call of this.#committed) call();
  }

  async #tellMoved(from: string | undefined, to: string): Promise<void> {
    const folders = from === undefined ? new Set((await this.applications()).map((a) => `applications/${a.namespace}/${a.name}`)) : await changedFolders(this.#git, from, to);
    for (const call of this.#moved) call(folders);
  }
}

/** Brings the tree in line with a change; true where anything differed. */
function writeFiles({ directory, files }: RecordChange, tree: GitTree, objects: GitObjects): boolean {
  let touched = false;
  for (const [name, content] of files) {
    const path = `${directory}/${name}`;
    if (content === undefined) {
      if (tree.idOf(path) === undefined) throw new Error(`The record has no ${path} that could stay as it is: it was moved while the change was made`);
      continue;
    }
    const bytes = Buffer.from(content);
    if (tree.idOf(path) === idOf('blob', bytes)) continue;
    tree.set(path, objects.add('blob', bytes));
    touched = true;
  }
  for (const name of tree.below(directory).keys()) {
    if (files.has(name)) continue;
    tree.delete(`${directory}/${name}`);
    touched = true;
  }
  return touched;
}
