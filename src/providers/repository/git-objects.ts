import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Git } from './git-command.ts';
import type { GitJournal } from './git-journal.ts';
import { idOf, looseFile, loosePath, type GitObject, type ObjectType } from './git-object-format.ts';
import { writePack } from './git-pack.ts';

/** More objects than this go into one pack: a file for each would cost more. */
const LOOSE_AT_MOST = 48;
const ATTEMPTS = 5;

/**
 * Writes git's objects. Starting a git process for each takes milliseconds, and a rollback waits for its commit: this is the one place
 * where Aweigh writes git's format itself.
 */
export class GitObjects {
  readonly #directory: string;
  readonly #journal: GitJournal;
  #waiting = new Map<string, GitObject>();

  /** @param gitDirectory the `.git` folder */
  constructor(gitDirectory: string, journal: GitJournal) {
    this.#directory = join(gitDirectory, 'objects');
    this.#journal = journal;
  }

  /** The id of an object that {@link flush} writes. */
  add(type: ObjectType, content: Buffer): string {
    const id = idOf(type, content);
    this.#waiting.set(id, { type, content });
    return id;
  }

  /** Forgets what was added and not written. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Resolves to how many packs were made or begun, when all that was added is in the store and on the disk. */
  async flush(): Promise<number> {
    const objects = [...this.#waiting];
    this.#waiting.clear();
    if (objects.length > LOOSE_AT_MOST) {
      await writePack(join(this.#directory, 'pack'), new Map(objects));
      return 1;
    }
    const files = objects.map(([id, object]) => ({ id, file: looseFile(object) }));
    // Those that have a file already too: it may be of a commit that a kill cut short, and not on the disk.
    const kept = this.#journal.write(files);
    for (const { id, file } of files) this.#writeLoose(loosePath(this.#directory, id), file);
    return (await kept) ? 1 : 0;
  }

  /** Synchronous: a change is a dozen files of some hundred bytes, and a rollback would wait four times for each. */
  #writeLoose(path: string, file: Buffer): void {
    if (existsSync(path)) return;
    const temporary = join(this.#directory, `tmp_obj_${randomUUID()}`);
    writeFileSync(temporary, file, { mode: 0o444 });
    for (let left = ATTEMPTS; ; left--) {
      mkdirSync(dirname(path), { recursive: true });
      try {
        renameSync(temporary, path);
        return;
      } catch (error) {
        // git takes folders away that are empty, this one just made among them.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || left <= 1) throw error;
      }
    }
  }
}

/** Contents of blobs, in the order of their ids, by one process. */
export async function readBlobs(git: Git, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  // A character a byte: the sizes that git states are in bytes.
  const answer = await git(['cat-file', '--batch'], { input: `${ids.join('\n')}\n`, encoding: 'latin1' });
  const contents: string[] = [];
  for (let at = 0; contents.length < ids.length;) {
    const line = answer.slice(at, answer.indexOf('\n', at));
    const size = Number(line.split(' ')[2]);
    if (!Number.isInteger(size)) throw new Error(`git cat-file: ${line}`);
    const from = at + line.length + 1;
    contents.push(Buffer.from(answer.slice(from, from + size), 'latin1').toString());
    at = from + size + 1;
  }
  return contents;
}
