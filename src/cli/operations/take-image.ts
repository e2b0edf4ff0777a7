import { Readable } from 'node:stream';
import { ImageError } from '../../engine/images/image-error.ts';
import { openImageStore, type ImageStore } from '../../engine/images/image-store.ts';
import { isIndexType, type Index, type Manifest } from '../../engine/images/manifest.ts';
import { LookupError, type RegistryImage } from '../../controllers/source/ports.ts';
import type { ImageContent } from '../../providers/registry/registry-client.ts';

/** Fetches an image of a registry into the store at `store`: what it has already is not fetched again. @throws {LookupError} */
export async function takeImage(store: string, content: ImageContent, image: RegistryImage, tag: string, digest: string, signal: AbortSignal): Promise<void> {
  const images = openImageStore(store);
  try {
    const descriptor = await takeManifest(images, content, image, digest, signal);
    await images.tag(`${image.image}:${tag}`, { ...descriptor, digest });
  } catch (error) {
    if (error instanceof ImageError) throw new LookupError('Corrupt', `${image.image}@${digest}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function takeManifest(images: ImageStore, content: ImageContent, image: RegistryImage, digest: string, signal: AbortSignal): Promise<{ mediaType: string; size: number }> {
  const { mediaType, bytes } = await content.manifest(image, digest, signal);
  const found = JSON.parse(bytes.toString()) as Manifest | Index;
  if (isIndexType(mediaType) || 'manifests' in found) {
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const chosen = (found as Index).manifests.find((m) => m.platform?.os === 'linux' && m.platform.architecture === architecture);
    if (chosen === undefined) throw new LookupError('NotFound', `${image.image}@${digest} has no image for linux/${architecture}`);
    await takeManifest(images, content, image, chosen.digest, signal);
  } else {
    const { config, layers } = found as Manifest;
    for (const blob of [config, ...layers]) {
      if (!images.blobs.has(blob.digest)) await images.blobs.add(await content.blob(image, blob.digest, signal), blob.digest);
    }
  }
  // Last: what the store holds of an image is whole.
  await images.blobs.add(Readable.from([bytes]), digest);
  return { mediaType, size: bytes.length };
}
