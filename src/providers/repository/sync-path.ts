import { open, rename, writeFile } from 'node:fs/promises';

/** Brings a file's content to the disk; of a folder the names in it, not what stands in its files. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A reader, and a power cut, find the old text or the new one. The folder is the caller's to sync. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { flush: true });
  await rename(`${path}.new`, path);
}
