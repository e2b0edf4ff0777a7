import { createHash } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { packEntry, packHeader, type GitObject } from './git-object-format.ts';
import { syncPath } from './sync-path.ts';

/**
 * Writes objects as one pack with its index, as `git index-pack` does, without its process: to start one holds this process up, and a release
 * that goes back waits for it. Resolves when both are on the disk.
 * @param objects by id
 */
export async function writePack(folder: string, objects: ReadonlyMap<string, GitObject>): Promise<void> {
  const { pack, index, name } = packWithIndex(objects);
  // git looks for indexes: one is there only when its pack is.
  for (const [suffix, content] of [['pack', pack], ['idx', index]] as const) {
    const temporary = join(folder, `tmp_${suffix}_${name}`);
    const file = await open(temporary, 'w', 0o444);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, `pack-${name}.${suffix}`));
  }
  await syncPath(folder);
}

/** gitformat-pack(5): the pack, its index of version 2, and the name of both. */
export function packWithIndex(objects: ReadonlyMap<string, GitObject>): { readonly pack: Buffer; readonly index: Buffer; readonly name: string } {
  const head = packHeader(objects.size);
  let offset = head.length;
  const entries = [...objects].map(([id, object]) => {
    const bytes = packEntry(object), entry = { id, bytes, offset, check: crc32(bytes) };
    offset += bytes.length;
    return entry;
  });
  const pack = signed(Buffer.concat([head, ...entries.map((e) => e.bytes)]));
  const sorted = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  // How many ids begin with each byte, or a lower one.
  const fanOut = Array.from({ length: 256 }, (_, byte) => sorted.filter(({ id }) => Number.parseInt(id.slice(0, 2), 16) <= byte).length);
  const index = signed(Buffer.concat([
    Buffer.from([0xff, 0x74, 0x4f, 0x63]), words([2, ...fanOut]), ...sorted.map(({ id }) => Buffer.from(id, 'hex')),
    words(sorted.map((e) => e.check)), words(sorted.map((e) => e.offset)), pack.subarray(-20),
  ]));
  return { pack, index, name: pack.subarray(-20).toString('hex') };
}

const signed = (bytes: Buffer): Buffer => Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);

function words(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((n, i) => bytes.writeUInt32BE(n, i * 4));
  return bytes;
}
