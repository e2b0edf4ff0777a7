import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The branch of the record, read and moved as git does it (gitrepository-layout(5)), without a process. Synchronous, since it is a few bytes and
 * every decision asks for it: so no step of this process comes between a look at the branch and what follows from it.
 */
export class GitBranch {
  readonly #file: string;
  readonly #packedRefs: string;
  readonly #reference: string;

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

  /** The lock file is made by one only, and becomes the branch if that has not moved meanwhile.
   *  @throws where it has, or where somebody else holds the lock */
  move(from: string | undefined, to: string): void {
    const lock = `${this.#file}.lock`;
    writeFileSync(lock, `${to}\n`, { flag: 'wx' });
    try {
      if (this.head() !== from) throw new Error('The record was moved while a commit was made; it is made again on top');
      renameSync(lock, this.#file);
    } catch (error) {
      rmSync(lock, { force: true });
      throw error;
    }
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
