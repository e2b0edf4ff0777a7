import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { extract, list } from 'tar';
import { ImageError } from './image-error.ts';

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/** Lays layers over each other into `target`, which appears whole or not at all; does nothing where it is there.
 *  @param layers tar files, compressed or not, lowest first
 *  @throws {ImageError} reason `Invalid` for a path that leads out of the image */
export async function unpackLayers(target: string, layers: readonly string[]): Promise<void> {
  if (existsSync(target)) return;
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.${basename(target).slice(0, 12)}-${randomUUID()}`);
  await mkdir(temporary);
  try {
    for (const layer of layers) await addLayer(temporary, layer);
    await rename(temporary, target).catch((e: NodeJS.ErrnoException) => {
      // Another process was quicker.
      if (e.code !== 'ENOTEMPTY' && e.code !== 'EEXIST') throw e;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function addLayer(root: string, layer: string): Promise<void> {
  const paths: string[] = [];
  const links: string[] = [];
  await list({
    file: layer,
    strict: true,
    onReadEntry(entry) {
      paths.push(entry.path);
      if (entry.type === 'Link') links.push(String(entry.linkpath));
    },
  });
  const removed = paths.map(checked).filter((path) => basename(path).startsWith(whiteout));
  links.forEach(checked);
  // Whiteouts speak of the layers below, so that they come before the layer's own files.
  for (const path of removed) await applyWhiteout(root, path);
  await extract({ file: layer, cwd: root, preserveOwner: false, filter: (path, entry) => !basename(path).startsWith(whiteout) && !('type' in entry && /Device|FIFO/.test(String(entry.type))) });
}

async function applyWhiteout(root: string, path: string): Promise<void> {
  const folder = join(root, dirname(path));
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined) return;
  const realRoot = await realpath(root);
  if (real !== realRoot && !real.startsWith(realRoot + sep)) throw escaping(path);
  if (basename(path) !== opaque) {
    await rm(join(real, basename(path).slice(whiteout.length)), { recursive: true, force: true });
    return;
  }
  if (!(await lstat(real)).isDirectory()) return;
  for (const name of await readdir(real)) await rm(join(real, name), { recursive: true, force: true });
}

function checked(path: string): string {
  const relative = path.replace(/^(\.?\/)+/, '');
  if (relative.split('/').includes('..') || relative.includes('\0')) throw escaping(path);
  return relative;
}

function escaping(path: string): ImageError {
  return new ImageError('Invalid', `Cannot unpack the image: its entry '${path}' leads out of the image's folder`);
}
