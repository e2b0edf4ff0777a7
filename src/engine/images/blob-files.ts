import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ImageError } from './image-error.ts';
import type { Descriptor } from './manifest.ts';

/** Content-addressed files, `blobs/sha256/<hex>`. A blob appears whole or not at all, so that processes may write at the same time. */
export class BlobFiles {
  readonly #root: string;
  readonly #incoming: string;

  constructor(root: string) {
    this.#root = join(root, 'blobs', 'sha256');
    this.#incoming = join(root, 'incoming');
  }

  pathOf(digest: string): string {
    return join(this.#root, digest.slice('sha256:'.length));
  }

  has(digest: string): boolean {
    return existsSync(this.pathOf(digest));
  }

  /** Stores a stream. @throws {ImageError} reason `Corrupt` where `expected` is given and differs */
  async add(content: Readable, expected?: string): Promise<{ readonly digest: string; readonly size: number }> {
    await mkdir(this.#root, { recursive: true });
    await mkdir(this.#incoming, { recursive: true });
    const temporary = join(this.#incoming, randomUUID());
    const hash = createHash('sha256');
    let size = 0;
    try {
      await pipeline(
        content,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(temporary),
      );
      const digest = `sha256:${hash.digest('hex')}`;
      if (expected !== undefined && digest !== expected) throw new ImageError('Corrupt', `Blob ${expected} has the content of ${digest}: the archive is damaged; make it again`);
      await syncFile(temporary);
      await rename(temporary, this.pathOf(digest));
      return { digest, size };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async addJson(value: unknown, mediaType: string): Promise<Descriptor> {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await mkdir(this.#root, { recursive: true });
    await mkdir(this.#incoming, { recursive: true });
    // Written anew where it is there, so that it is young and nobody prunes it before it is tagged.
    const temporary = join(this.#incoming, randomUUID());
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, this.pathOf(digest));
    return { mediaType, digest, size: bytes.length };
  }

  async readJson<T>(digest: string): Promise<T> {
    const bytes = await readFile(this.pathOf(digest)).catch((cause: unknown) => {
      throw new ImageError('NotFound', `The image store has no blob ${digest}: build or load the image again`, { cause });
    });
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) throw new ImageError('Corrupt', `Blob ${digest} is damaged on disk: remove its image and build or load it again`);
    return JSON.parse(bytes.toString()) as T;
  }

  read(digest: string): Readable {
    return createReadStream(this.pathOf(digest));
  }

  async remove(digest: string): Promise<void> {
    await rm(this.pathOf(digest), { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
