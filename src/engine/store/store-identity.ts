import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDamagedError } from './data-error.ts';

/** Beside the database. */
export const IDENTITY_FILE = 'id';

/** The same id stands in the database and in a file beside it: an emptied or exchanged database would otherwise pass for a new cluster. */
export interface IdentityInDatabase {
  read(): string | undefined;
  write(id: string): void;
}

/** @throws {DataDamagedError} when the two differ or one is gone */
export function checkIdentity(dir: string, database: IdentityInDatabase): void {
  const file = join(dir, IDENTITY_FILE);
  const beside = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  const inside = database.read();
  if (inside !== undefined && inside === beside) return;
  if (beside !== undefined && inside === undefined) throw new DataDamagedError(dir, 'store.mdb holds nothing, and it held a cluster before');
  if (beside !== undefined) throw new DataDamagedError(dir, `store.mdb is of the store ${inside}, and the file id beside it names ${beside}`);
  // Without a file: a new store, one of the time before ids, or one that was killed between the two writes below.
  const id = inside ?? randomUUID();
  if (inside === undefined) database.write(id);
  writeFileSync(`${file}.tmp`, `${id}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
