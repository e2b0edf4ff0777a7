import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../runtime/logger.ts';
import type { Git } from './git-command.ts';

const ATTEMPTS = 20;
const RETRY_MS = 50;

/** The files that people see, kept in line with HEAD. Nothing of the record depends on them, so nothing waits for them. */
export class GitWorkTree {
  readonly #git: Git;
  readonly #log: Logger;
  #following: Promise<void> | undefined;
  #stale = false;

  constructor(git: Git, log: Logger) {
    this.#git = git;
    this.#log = log;
  }

  /** Brings files and index to HEAD, in the background. Never `git reset`: it would set the branch back to what it read first. */
  follow(): void {
    if (this.#following !== undefined) { this.#stale = true; return; }
    this.#stale = false;
    this.#following = this.#checkOut().finally(() => {
      this.#following = undefined;
      if (this.#stale) this.follow();
    });
  }

  async settled(): Promise<void> {
    while (this.#following !== undefined) await this.#following;
  }

  /** A person's git may hold the index at this moment. */
  async #checkOut(): Promise<void> {
    for (let left = ATTEMPTS; ; left--) {
      try {
        await this.#git(['read-tree', '--reset', '-u', 'HEAD']);
        return;
      } catch (error) {
        if (left > 1) { await wait(RETRY_MS); continue; }
        this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'The work tree of the record does not follow');
        return;
      }
    }
  }
}
