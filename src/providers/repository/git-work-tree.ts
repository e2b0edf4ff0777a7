import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../runtime/logger.ts';
import type { Git } from './git-command.ts';

const ATTEMPTS = 20;
const RETRY_MS = 50;
/** Starting a process holds up this one, just when a change is on its way to the cluster. */
const AFTER_COMMIT_MS = 100;
/** While commits go on the files follow all the same. */
const RESTS_AT_MOST = 10;
/** git looks at every file of the record each time: however many there are, following takes about a tenth of the time at most. */
const REST_FOR_EACH_CHECKOUT = 10;

/** The files that people see, kept in line with HEAD. Nothing of the record depends on them, so nothing waits for them. */
export class GitWorkTree {
  readonly #git: Git;
  readonly #log: Logger;
  #following: Promise<void> | undefined;
  #stale = false;
  /** Ends the rest before and after a checkout. */
  #hurry = new AbortController();

  constructor(git: Git, log: Logger) {
    this.#git = git;
    this.#log = log;
  }

  /** Brings files and index to HEAD, in the background. Never `git reset`: it would set the branch back to what it read first. */
  follow(): void {
    this.#stale = true;
    this.#following ??= this.#run().finally(() => (this.#following = undefined));
  }

  /** Resolves when the files are those of HEAD. */
  async settled(): Promise<void> {
    this.#hurry.abort();
    while (this.#following !== undefined) await this.#following;
    this.#hurry = new AbortController();
  }

  async #run(): Promise<void> {
    while (this.#stale) {
      await this.#quiet();
      const from = performance.now();
      await this.#checkOut();
      await this.#rest((performance.now() - from) * REST_FOR_EACH_CHECKOUT);
    }
  }

  /** Resolves some time after the last commit, or when commits have come for long. */
  async #quiet(): Promise<void> {
    for (let rests = 0; this.#stale && rests < RESTS_AT_MOST; rests++) {
      this.#stale = false;
      await this.#rest(AFTER_COMMIT_MS);
    }
    this.#stale = false;
  }

  #rest(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => undefined);
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
