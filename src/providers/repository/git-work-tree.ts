import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RecordChange } from '../../controllers/record/repository.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Git } from './git-command.ts';
import type { GitObjects } from './git-objects.ts';
import type { GitTree } from './git-tree.ts';

const INDEX_ATTEMPTS = 20;
const INDEX_RETRY_MS = 50;

/** The files that people see, kept in line with HEAD. Nothing of the record depends on them, so nothing waits for git's index. */
export class GitWorkTree {
  readonly #directory: string;
  readonly #git: Git;
  readonly #log: Logger;
  #indexing: Promise<void> | undefined;
  #indexStale = false;

  constructor(directory: string, git: Git, log: Logger) {
    this.#directory = directory;
    this.#git = git;
    this.#log = log;
  }

  /** Brings work tree and tree in line with the change; true where anything differed. */
  async write(change: RecordChange, tree: GitTree, objects: GitObjects): Promise<boolean> {
    let touched = false;
    for (const [name, content] of change.files) {
      const path = `${change.directory}/${name}`;
      const blob = await objects.write('blob', Buffer.from(content));
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

  /** Sets files and index to a commit that was not made from them. */
  async checkOut(commit: string): Promise<void> {
    await this.settled();
    await this.#withIndex(['read-tree', '--reset', '-u', commit]);
  }

  /** After files were written: people see the work tree through the index. Never `git reset`: it would set the branch back to what it read first. */
  refreshIndex(): void {
    if (this.#indexing !== undefined) { this.#indexStale = true; return; }
    this.#indexStale = false;
    this.#indexing = this.#withIndex(['read-tree', '--reset', 'HEAD']).finally(() => {
      this.#indexing = undefined;
      if (this.#indexStale) this.refreshIndex();
    });
  }

  async settled(): Promise<void> {
    while (this.#indexing !== undefined) await this.#indexing;
  }

  /** A person's git may hold the index at this moment. */
  async #withIndex(args: readonly string[]): Promise<void> {
    for (let left = INDEX_ATTEMPTS; ; left--) {
      try {
        await this.#git(args);
        return;
      } catch (error) {
        if (left > 1) { await wait(INDEX_RETRY_MS); continue; }
        this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'Index of the record not refreshed');
        return;
      }
    }
  }
}
