import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';

export type ObjectType = 'blob' | 'tree' | 'commit';

/**
 * Writes git's loose objects (gitformat-loose(5)). Starting a git process for each takes milliseconds, and a rollback waits for its commit:
 * this is the one place where Aweigh writes git's format itself.
 */
export class GitObjects {
  readonly #directory: string;

  /** @param gitDirectory the `.git` folder */
  constructor(gitDirectory: string) {
    this.#directory = join(gitDirectory, 'objects');
  }

  /** Resolves to the object's id when it is in the store. */
  async write(type: ObjectType, content: Buffer): Promise<string> {
    const object = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const id = createHash('sha1').update(object).digest('hex');
    const file = join(this.#directory, id.slice(0, 2), id.slice(2));
    if (existsSync(file)) return id;
    const temporary = join(this.#directory, `tmp_obj_${randomUUID()}`);
    await writeFile(temporary, deflateSync(object, { level: 1 }), { mode: 0o444 });
    await mkdir(dirname(file), { recursive: true });
    await rename(temporary, file);
    return id;
  }
}
