import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { UnusableDataError } from './data-error.ts';
import { IDENTITY_FILE } from './store-identity.ts';

/** Copies the store of `dir` into `target` as it is at one instant, whether or not another process writes to it meanwhile.
 *  @param target a directory that exists and holds no store */
export async function snapshotStore(dir: string, target: string): Promise<void> {
  const path = join(dir, 'store.mdb');
  if (!existsSync(path)) throw new UnusableDataError(`${dir} holds no store: name the data directory of a cluster that was started before`);
  const root = open({ path, noSubdir: true, readOnly: true, maxDbs: 4, encoding: 'binary' } as Parameters<typeof open>[0]);
  try {
    // Compacted: pages that are free are left out.
    await root.backup(join(target, 'store.mdb'), true);
  } finally {
    await root.close();
  }
  if (existsSync(join(dir, IDENTITY_FILE))) await copyFile(join(dir, IDENTITY_FILE), join(target, IDENTITY_FILE));
}
