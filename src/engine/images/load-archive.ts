import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { extract } from 'tar';
import { ImageError } from './image-error.ts';
import type { ImageStore } from './image-store.ts';
import { isIndexType, mediaTypes, type Descriptor, type Index, type Manifest } from './manifest.ts';
import { parseReference, tagOf } from './reference.ts';

export interface LoadedImage {
  readonly digest: string;
  /** Absent: the archive gives it no name; use its digest. */
  readonly tag?: string;
}

interface DockerSaved {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** Takes a tar file of an OCI layout or of `docker save`, compressed or not.
 *  @throws {ImageError} reason `Invalid` or `Corrupt` */
export async function loadArchive(file: string, store: ImageStore): Promise<LoadedImage[]> {
  if ((await stat(file).catch(() => undefined))?.isFile() !== true) throw new ImageError('Invalid', `Cannot load an image: there is no file ${file}`);
  const folder = join(store.root, 'incoming', randomUUID());
  await mkdir(folder, { recursive: true });
  try {
    await extract({ file, cwd: folder, strict: true, preserveOwner: false }).catch((cause: unknown) => {
      throw new ImageError('Invalid', `Cannot load ${file}: it is not a readable tar archive (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
    });
    const index = await readJson<Index>(folder, 'index.json');
    if (index !== undefined) return await loadLayout(folder, index, store);
    const saved = await readJson<readonly DockerSaved[]>(folder, 'manifest.json');
    if (saved !== undefined) return (await Promise.all(saved.map((image) => loadSaved(folder, image, store)))).flat();
    throw new ImageError('Invalid', `Cannot load ${file}: it has neither index.json (an OCI layout) nor manifest.json ('docker save')`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function loadLayout(folder: string, index: Index, store: ImageStore): Promise<LoadedImage[]> {
  const loaded: LoadedImage[] = [];
  const saved = await readJson<readonly DockerSaved[]>(folder, 'manifest.json');
  for (const descriptor of index.manifests) {
    await importManifest(folder, descriptor, store);
    const { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': short } = descriptor.annotations ?? {};
    const names = full !== undefined ? [full] : short?.includes(':') ? [short] : (saved?.length === 1 ? (saved[0]!.RepoTags ?? []) : []);
    for (const name of names) {
      await store.tag(name, { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size });
      loaded.push({ digest: descriptor.digest, tag: tagOf(parseReference(name)) });
    }
    if (names.length === 0) loaded.push({ digest: descriptor.digest });
  }
  return loaded;
}

async function importManifest(folder: string, descriptor: Descriptor, store: ImageStore): Promise<void> {
  const path = join('blobs', ...descriptor.digest.split(':'));
  const found = await readJson<Manifest | Index>(folder, path);
  // A multi-platform index may name manifests that were not saved with it.
  if (found === undefined) return;
  if (isIndexType(found.mediaType) || 'manifests' in found) {
    for (const child of (found as Index).manifests) await importManifest(folder, child, store);
  } else {
    const manifest = found as Manifest;
    for (const blob of [manifest.config, ...manifest.layers]) await importBlob(folder, blob.digest, store);
  }
  await importBlob(folder, descriptor.digest, store);
}

async function importBlob(folder: string, digest: string, store: ImageStore): Promise<void> {
  if (!store.blobs.has(digest)) await store.blobs.add(createReadStream(inside(folder, join('blobs', ...digest.split(':')))), digest);
}

async function loadSaved(folder: string, image: DockerSaved, store: ImageStore): Promise<LoadedImage[]> {
  const config = await store.blobs.add(createReadStream(inside(folder, image.Config)));
  const layers: Descriptor[] = [];
  for (const path of image.Layers) layers.push({ mediaType: mediaTypes.layer, ...(await store.blobs.add(createReadStream(inside(folder, path)))) });
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: { mediaType: mediaTypes.config, ...config }, layers };
  const descriptor = await store.blobs.addJson(manifest, mediaTypes.manifest);
  const tags = image.RepoTags ?? [];
  for (const tag of tags) await store.tag(tag, descriptor);
  return tags.length === 0 ? [{ digest: descriptor.digest }] : tags.map((tag) => ({ digest: descriptor.digest, tag: tagOf(parseReference(tag)) }));
}

async function readJson<T>(folder: string, path: string): Promise<T | undefined> {
  const text = await readFile(inside(folder, path), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ImageError('Invalid', `Cannot load the archive: its ${path} is not JSON`, { cause });
  }
}

function inside(folder: string, path: string): string {
  const full = resolve(folder, path);
  if (!full.startsWith(resolve(folder) + sep)) throw new ImageError('Invalid', `Cannot load the archive: it names the path '${path}' outside of itself`);
  return full;
}
