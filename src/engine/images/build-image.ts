import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { create } from 'tar';
import { ImageError } from './image-error.ts';
import { readRunConfig } from './image-file.ts';
import type { ImageStore } from './image-store.ts';
import { mediaTypes, type ImageConfig, type Manifest } from './manifest.ts';
import { parseReference, tagOf } from './reference.ts';

export interface BuiltImage {
  /** `sha256:…` of the manifest: equal for equal content, on any day and machine of one architecture. */
  readonly digest: string;
  readonly tag: string;
  readonly files: number;
  readonly sizeBytes: number;
}

/** Packs a folder into an image with one layer. An image.json or Imagefile.yaml in it says how to run it.
 *  @throws {ImageError} reason `Invalid` */
export async function buildImage(folder: string, tag: string, store: ImageStore): Promise<BuiltImage> {
  const reference = parseReference(tag);
  if (reference.name === '' || reference.digest !== undefined) throw new ImageError('Invalid', `Cannot tag an image '${tag}': give NAME:TAG without a digest`);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw new ImageError('Invalid', `Cannot build ${tag}: there is no folder ${folder}`);
  if (!found.isDirectory()) throw new ImageError('Invalid', `Cannot build ${tag}: ${folder} is a file; give the folder to pack, or load an archive with 'aweigh image load ${folder}'`);
  const run = await readRunConfig(folder);
  const paths = await contentsOf(folder);
  if (paths.length === 0) throw new ImageError('Invalid', `Cannot build ${tag}: the folder ${folder} is empty`);

  // Sorted names, one time and no owners: the digest depends on content alone.
  const packed = create({ cwd: folder, portable: true, noDirRecurse: true, mtime: new Date(0), noPax: false }, paths.map((p) => (p.startsWith('@') ? `./${p}` : p)));
  const layer = await store.blobs.add(Readable.from(packed as unknown as AsyncIterable<Buffer>));
  const config: ImageConfig = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: run, rootfs: { type: 'layers', diff_ids: [layer.digest] } };
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: await store.blobs.addJson(config, mediaTypes.config), layers: [{ mediaType: mediaTypes.layer, ...layer }] };
  const descriptor = await store.blobs.addJson(manifest, mediaTypes.manifest);
  await store.tag(tag, descriptor);
  return { digest: descriptor.digest, tag: tagOf(reference), files: paths.length, sizeBytes: layer.size };
}

/** Paths below a folder, sorted by code unit; folders before what is in them. */
async function contentsOf(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      if (entry.name === '.git') continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory() || entry.isFile() || entry.isSymbolicLink()) paths.push(path);
      if (entry.isDirectory()) await visit(path);
    }
  };
  await visit('');
  return paths.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
