import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as images from '../../engine/images/build-image.ts';
import { openImageStore } from '../../engine/images/image-store.ts';
import { parseReference } from '../../engine/images/reference.ts';

/** Packs a folder into the store at `store`; returns `name@sha256:…`. */
export async function buildImage(store: string, folder: string, tag: string): Promise<string> {
  const { digest } = await images.buildImage(folder, tag, openImageStore(store));
  return `${parseReference(tag).name}@${digest}`;
}

/** `name@sha256:…` of an image that the store holds. */
export async function resolveImage(store: string, reference: string): Promise<string> {
  const { digest } = await openImageStore(store).resolve(reference);
  return `${parseReference(reference).name}@${digest}`;
}

/** An image without files of its own: what it runs is on the PATH of the node process. */
export async function packEmptyImage(store: string, tag: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aweigh-image-'));
  try {
    await writeFile(join(folder, 'image.json'), '{ "entrypoint": ["sh"] }\n');
    await buildImage(store, folder, tag);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
