import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DataDamagedError } from './data-error.ts';
import { IDENTITY_FILE } from './store-identity.ts';

/** LMDB as built for Node.js: two meta pages, each with this number behind its page header. */
const MAGIC = 0xbeefc0de;
const MAGIC_OFFSET = 24;
const META_PAGES_BYTES = 2 * 4096;

/** LMDB maps its file and crashes on one that is none, so its first bytes are looked at before.
 *  @throws {DataDamagedError} */
export function checkHeader(path: string, dir: string): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return refuseMissing(dir);
    // What cannot be read is told when it is opened.
    if (code === 'EACCES') return;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return refuseMissing(dir);
    const word = Buffer.alloc(4);
    if (size < META_PAGES_BYTES || readSync(file, word, 0, 4, MAGIC_OFFSET) !== 4 || word.readUInt32LE() !== MAGIC) throw new DataDamagedError(dir, `store.mdb (${size} bytes) does not begin as a database does`);
  } finally {
    closeSync(file);
  }
}

/** LMDB would make a new database where none is, and a cluster of nothing would look like a success. */
function refuseMissing(dir: string): void {
  if (existsSync(join(dir, IDENTITY_FILE))) throw new DataDamagedError(dir, 'store.mdb is empty or gone, and it held a cluster before');
}
