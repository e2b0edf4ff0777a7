import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Git } from './git-command.ts';

export type ObjectType = 'blob' | 'tree' | 'commit';

interface Waiting {
  readonly type: ObjectType;
  readonly content: Buffer;
}

/** More objects than this go into one pack: a file for each would cost more than the process that takes the pack. */
const LOOSE_AT_MOST = 48;
/** gitformat-pack(5). */
const PACK_TYPES: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };

/**
 * Writes git's objects (gitformat-loose(5), gitformat-pack(5)). Starting a git process for each takes milliseconds, and a rollback waits
 * for its commit: this is the one place where Aweigh writes git's format itself.
 */
export class GitObjects {
  readonly #directory: string;
  readonly #git: Git;
  #waiting = new Map<string, Waiting>();

  /** @param gitDirectory the `.git` folder */
  constructor(gitDirectory: string, git: Git) {
    this.#directory = join(gitDirectory, 'objects');
    this.#git = git;
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

  /** Resolves to whether a pack was made, when all that was added is in the store. */
  async flush(): Promise<boolean> {
    const objects = [...this.#waiting];
    const packed = objects.length > LOOSE_AT_MOST;
    if (packed) await this.#git(['index-pack', '--stdin'], { input: packOf(objects.map(([, object]) => object)) });
    else for (const [id, object] of objects) this.#writeLoose(id, object);
    this.#waiting.clear();
    return packed;
  }

  /** Synchronous: a change is a dozen files of some hundred bytes, and a rollback would wait four times for each. */
  #writeLoose(id: string, { type, content }: Waiting): void {
    const file = join(this.#directory, id.slice(0, 2), id.slice(2));
    if (existsSync(file)) return;
    const temporary = join(this.#directory, `tmp_obj_${randomUUID()}`);
    writeFileSync(temporary, deflateSync(Buffer.concat([header(type, content), content]), { level: 1 }), { mode: 0o444 });
    mkdirSync(dirname(file), { recursive: true });
    renameSync(temporary, file);
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

export const idOf = (type: ObjectType, content: Buffer): string => createHash('sha1').update(header(type, content)).update(content).digest('hex');

const header = (type: ObjectType, content: Buffer): Buffer => Buffer.from(`${type} ${content.length}\0`);

function packOf(objects: readonly Waiting[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(objects.length);
  const pack = Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2]), count, ...objects.flatMap(({ type, content }) => [entryHeader(PACK_TYPES[type], content.length), deflateSync(content, { level: 1 })])]);
  return Buffer.concat([pack, createHash('sha1').update(pack).digest()]);
}

/** Type and size: four bits of size beside the type, then seven a byte, the lowest first. */
function entryHeader(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (type << 4) | (size & 0x0f);
  for (let rest = Math.floor(size / 16); ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) return Buffer.from(bytes);
    byte = rest & 0x7f;
  }
}
