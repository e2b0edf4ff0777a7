import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';

export type ObjectType = 'blob' | 'tree' | 'commit';

export interface GitObject {
  readonly type: ObjectType;
  readonly content: Buffer;
}

/** gitformat-pack(5). */
const PACK_TYPES: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };

export const idOf = (type: ObjectType, content: Buffer): string => createHash('sha1').update(header(type, content)).update(content).digest('hex');

/** Where an object has a file of its own, below the folder `objects`. */
export const loosePath = (objects: string, id: string): string => join(objects, id.slice(0, 2), id.slice(2));

/** The content of such a file: gitformat-loose(5). */
export const looseFile = ({ type, content }: GitObject): Buffer => deflateSync(Buffer.concat([header(type, content), content]), { level: 1 });

/** The object in such a file; undefined where it is torn or another. */
export function readLooseFile(id: string, file: Buffer): GitObject | undefined {
  let bytes: Buffer;
  try {
    bytes = inflateSync(file);
  } catch {
    return undefined;
  }
  if (createHash('sha1').update(bytes).digest('hex') !== id) return undefined;
  const end = bytes.indexOf(0);
  return { type: bytes.subarray(0, bytes.indexOf(0x20)).toString() as ObjectType, content: bytes.subarray(end + 1) };
}

export function packHeader(objects: number): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(objects);
  return Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2]), count]);
}

export const packEntry = ({ type, content }: GitObject): Buffer => Buffer.concat([entryHeader(PACK_TYPES[type], content.length), deflateSync(content, { level: 1 })]);

const header = (type: ObjectType, content: Buffer): Buffer => Buffer.from(`${type} ${content.length}\0`);

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
