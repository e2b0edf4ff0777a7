import { closeSync, fdatasync, openSync, readFileSync, renameSync, rmSync, write } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { syncPath } from './sync-path.ts';

/**
 * The branch of the record, read and moved as git does it (gitrepository-layout(5)), without a process. Looks are synchronous, since it is a
 * few bytes and every decision asks for it: so no step of this process comes between a look at the branch and what follows from it.
 */
export class GitBranch {
  readonly #file: string;
  readonly #packedRefs: string;
  readonly #reference: string;
  #settled = true;

  /** @param gitDirectory the `.git` folder */
  constructor(gitDirectory: string, name: string) {
    this.#reference = `refs/heads/${name}`;
    this.#file = join(gitDirectory, this.#reference);
    this.#packedRefs = join(gitDirectory, 'packed-refs');
  }

  /** The newest commit; undefined before the first. */
  head(): string | undefined {
    const sha = textOf(this.#file);
    if (sha !== undefined) return sha.trim();
    return textOf(this.#packedRefs)?.split('\n').find((line) => line.endsWith(` ${this.#reference}`))?.split(' ')[0];
  }

  /**
   * Resolves when the branch names the commit on the disk too. The lock file is made by one only, and becomes the branch if that has not
   * moved meanwhile.
   * @param store brings the commit's objects to the disk, beside the lock file
   * @param moved called at the moment from which others see the commit
   * @throws where the branch has moved, or where somebody else holds the lock
   */
  async move(from: string | undefined, to: string, store: () => Promise<void>, moved: () => void): Promise<void> {
    const lock = `${this.#file}.lock`;
    const descriptor = openSync(lock, 'wx');
    try {
      const [written, stored] = await Promise.allSettled([writeThrough(descriptor, `${to}\n`), store()]);
      if (written.status === 'rejected') throw written.reason;
      if (stored.status === 'rejected') throw stored.reason;
      if (this.head() !== from) throw new Error('The record was moved while a commit was made; it is made again on top');
      renameSync(lock, this.#file);
    } catch (error) {
      rmSync(lock, { force: true });
      throw error;
    }
    this.#settled = false;
    moved();
    await this.settle();
  }

  /** Resolves when the disk has the branch as it was last moved. */
  async settle(): Promise<void> {
    if (this.#settled) return;
    await syncPath(dirname(this.#file));
    this.#settled = true;
  }
}

async function writeThrough(descriptor: number, text: string): Promise<void> {
  try {
    await promisify(write)(descriptor, text);
    await promisify(fdatasync)(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
