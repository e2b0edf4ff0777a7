import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Deletes a folder in which programs wrote, whatever modes they gave to what is theirs. */
export async function removeTree(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(async () => {
    forEachPath(folder, (path, mode, isFolder) => {
      if (isFolder) chmodSync(path, mode | 0o700);
    });
    await rm(folder, { recursive: true, force: true });
  });
}

/** Folders before what is in them; links and devices are left out. */
export function forEachPath(path: string, call: (path: string, mode: number, isFolder: boolean) => void): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !(found.isDirectory() || found.isFile())) return;
  call(path, found.mode & 0o7777, found.isDirectory());
  if (found.isDirectory()) for (const name of readdirSync(path)) forEachPath(join(path, name), call);
}
