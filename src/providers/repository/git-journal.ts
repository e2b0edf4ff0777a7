import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../../runtime/logger.ts';
import type { Git } from './git-command.ts';
import { loosePath, readLooseFile, type GitObject } from './git-object-format.ts';
import { writePack } from './git-pack.ts';
import { syncPath } from './sync-path.ts';

/** An object as its own file holds it. */
interface StoredObject {
  readonly id: string;
  readonly file: Buffer;
}

/** Before each object: its id and the length of its file. */
const ID_BYTES = 20;
const HEAD_BYTES = ID_BYTES + 4;
/** Where one file has this much, the other takes over. */
const TURN_BYTES = 512 * 1024;

/**
 * What keeps new objects over a power cut until git itself would. A commit is a dozen small files in as many folders: to bring each to the
 * disk takes two dozen waits, a write into one file that has its blocks already takes one. Two files take turns: while one is written, the
 * objects of the other become a pack on the disk. An object's name is the digest of its content, so no order matters, and
 * what is packed twice does no harm.
 */
export class GitJournal {
  readonly #git: Git;
  readonly #log: Logger;
  readonly #objects: string;
  readonly #files: readonly [JournalFile, JournalFile];
  #active: 0 | 1 = 0;
  #packing: Promise<void> | undefined;

  /** @param gitDirectory the `.git` folder */
  constructor(gitDirectory: string, git: Git, log: Logger) {
    this.#git = git;
    this.#log = log;
    this.#objects = join(gitDirectory, 'objects');
    this.#files = [new JournalFile(join(gitDirectory, 'aweigh-journal-0')), new JournalFile(join(gitDirectory, 'aweigh-journal-1'))];
  }

  /** Gives back what a power cut took from the objects' own files; nothing may read them meanwhile. @throws {GitError} */
  async recover(): Promise<void> {
    for (const file of this.#files) {
      const objects = await file.read();
      // A torn file would be in the way of its own object.
      for (const { id } of objects) await rm(loosePath(this.#objects, id), { force: true });
      await this.#pack(file, objects);
    }
  }

  /** Resolves when the objects are on the disk, and to whether a pack of earlier ones was begun. */
  async write(objects: readonly StoredObject[]): Promise<boolean> {
    const bytes = Buffer.concat(objects.flatMap(({ id, file }) => [frameHead(id, file.length), file]));
    const full = this.#files[this.#active].end + bytes.length > TURN_BYTES && this.#packing === undefined;
    if (full) this.#turn();
    await this.#files[this.#active].append(bytes);
    return full;
  }

  async close(): Promise<void> {
    await this.#packing;
    for (const file of this.#files) await file.close();
  }

  /** A pack that cannot be made, as on a full disk, is tried again: until then the other file grows. */
  #turn(): void {
    const other = this.#active === 0 ? 1 : 0;
    const full = this.#files[other].end > 0 ? this.#files[other] : this.#files[this.#active];
    if (full === this.#files[this.#active]) this.#active = other;
    this.#packing = full.read().then((objects) => this.#pack(full, objects))
      .catch((error: unknown) => this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'New objects of the record were not packed; they stay in its journal'))
      .finally(() => { this.#packing = undefined; });
  }

  async #pack(from: JournalFile, objects: readonly (StoredObject & { readonly object: GitObject })[]): Promise<void> {
    if (objects.length > 0) {
      await writePack(join(this.#objects, 'pack'), new Map(objects.map(({ id, object }) => [id, object])));
      await this.#git(['prune-packed', '--quiet']);
    }
    await from.empty();
  }
}

/** One file of frames: a head and what it announces, until one that is not whole. It keeps its blocks, so that a write changes content only. */
class JournalFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** Where the next frame goes. */
  end = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when the bytes are on the disk. */
  async append(bytes: Buffer): Promise<void> {
    const handle = (this.#handle ??= await this.#create());
    // A disk that fills takes a part and says so only when asked for the rest.
    for (let written = 0; written < bytes.length;) written += (await handle.write(bytes, written, bytes.length - written, this.end + written)).bytesWritten;
    this.end += bytes.length;
  }

  async read(): Promise<(StoredObject & { readonly object: GitObject })[]> {
    this.#handle ??= await open(this.#path, WRITE_THROUGH).catch(ifThere);
    if (this.#handle === undefined) return [];
    const { size } = await this.#handle.stat();
    const { buffer: bytes } = await this.#handle.read(Buffer.alloc(size), 0, size, 0);
    const found: (StoredObject & { object: GitObject })[] = [];
    for (let at = 0; at + HEAD_BYTES <= size;) {
      const id = bytes.toString('hex', at, at + ID_BYTES);
      const from = at + HEAD_BYTES;
      at = from + bytes.readUInt32BE(at + ID_BYTES);
      const file = bytes.subarray(from, at);
      const object = readLooseFile(id, file);
      if (object === undefined) break;
      found.push({ id, file, object });
    }
    return found;
  }

  /** What a power cut brings back of it would only be packed once more. */
  async empty(): Promise<void> {
    await this.#handle?.write(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    this.end = 0;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #create(): Promise<FileHandle> {
    const handle = await open(this.#path, WRITE_THROUGH | constants.O_CREAT, 0o600);
    await handle.write(Buffer.alloc(TURN_BYTES), 0, TURN_BYTES, 0);
    await syncPath(dirname(this.#path));
    return handle;
  }
}

const WRITE_THROUGH = constants.O_RDWR | constants.O_DSYNC;

function ifThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function frameHead(id: string, length: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(id, 'hex');
  head.writeUInt32BE(length, ID_BYTES);
  return head;
}
