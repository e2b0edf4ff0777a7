import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobFiles } from './blob-files.ts';
import { ImageError } from './image-error.ts';
import { isIndexType, mediaTypes, type Descriptor, type ImageConfig, type Index, type Manifest, type RunConfig } from './manifest.ts';
import { isDigest, parseReference, tagOf } from './reference.ts';
import { removeTree } from './remove-tree.ts';
import { unpackLayers } from './unpack.ts';

/** One image of the store. */
export interface Image {
  /** The manifest's digest, `sha256:…`: what Builds name. */
  readonly digest: string;
  readonly tags: readonly string[];
  /** Sum of the layers, bytes. */
  readonly sizeBytes: number;
}

export interface ResolvedImage {
  readonly digest: string;
  readonly manifest: Manifest;
  readonly run: RunConfig;
}

/** Blobs younger than this are kept by `prune`: another process may be about to tag them. */
const pruneAfterMs = 600_000;

/** An OCI image layout on disk. Safe for several processes at the same time: content is addressed by digest, and each tag is a file of its own
 *  (`tags/`); `index.json` is derived from them for other tools. */
export class ImageStore {
  readonly root: string;
  readonly blobs: BlobFiles;
  readonly #unpacking = new Map<string, Promise<string>>();

  constructor(root: string) {
    this.root = root;
    this.blobs = new BlobFiles(root);
  }

  /** Points a tag at a manifest that the store holds. */
  async tag(reference: string, manifest: Descriptor): Promise<void> {
    const tag = tagOf(parseReference(reference));
    await this.#replace(this.#tagFile(tag), JSON.stringify(manifest));
    await this.#writeIndex();
  }

  /** Finds an image by tag or digest.
   *  @throws {ImageError} reason `NotFound`; the message says how to build it */
  async resolve(text: string): Promise<ResolvedImage> {
    const reference = parseReference(text);
    const digest = reference.digest ?? (await this.#readTag(tagOf(reference)))?.digest;
    if (digest === undefined || !this.blobs.has(digest)) {
      const name = reference.digest === undefined ? tagOf(reference) : text;
      const known = (await this.list()).flatMap((i) => i.tags).filter((t) => t.startsWith(`${reference.name}:`));
      const others = known.length === 0 ? '' : ` Here are: ${known.slice(0, 5).join(', ')}.`;
      throw new ImageError('NotFound', `There is no image ${name} in the local store.${others} Build it from a folder with 'aweigh image build DIR --tag ${reference.name || 'NAME'}:${reference.tag}' or load an archive with 'aweigh image load FILE'`);
    }
    const manifest = await this.#platformManifest(digest);
    const config = await this.blobs.readJson<ImageConfig>(manifest.config.digest);
    return { digest, manifest, run: config.config ?? {} };
  }

  /** All tagged images, by first tag. */
  async list(): Promise<Image[]> {
    const tags = await this.#readTags();
    const byDigest = Map.groupBy(tags, (t) => t.manifest.digest);
    const images = await Promise.all(
      [...byDigest].map(async ([digest, group]): Promise<Image | undefined> => {
        if (!this.blobs.has(digest)) return undefined;
        const manifest = await this.#platformManifest(digest);
        return { digest, tags: group.map((t) => t.tag).sort(), sizeBytes: manifest.layers.reduce((sum, l) => sum + l.size, 0) };
      }),
    );
    return images.filter((i) => i !== undefined).sort((a, b) => a.tags[0]!.localeCompare(b.tags[0]!));
  }

  /** Takes away a tag, or by digest every tag of the image. Content goes with {@link prune}.
   *  @throws {ImageError} reason `NotFound` */
  async remove(text: string): Promise<void> {
    const reference = parseReference(text);
    const { digest } = await this.resolve(text);
    const tags = reference.digest === undefined ? [tagOf(reference)] : (await this.#readTags()).filter((t) => t.manifest.digest === digest).map((t) => t.tag);
    for (const tag of tags) await rm(this.#tagFile(tag), { force: true });
    await this.#writeIndex();
  }

  /** Every tag with its image's digest and the time when it was last set (since the epoch), the newest first. */
  async tags(): Promise<{ readonly tag: string; readonly digest: string; readonly taggedAtMs: number }[]> {
    const all = await Promise.all((await this.#readTags()).map(async ({ tag, manifest }) => ({ tag, digest: manifest.digest, taggedAtMs: (await stat(this.#tagFile(tag)).catch(() => undefined))?.mtimeMs ?? 0 })));
    return all.sort((a, b) => b.taggedAtMs - a.taggedAtMs);
  }

  /** Deletes content that no tag needs, and file trees whose image is gone. Returns the bytes freed.
   *  @param inUse digests of images that are kept without a tag; anything else in it is passed over
   *  @param nowMs since the epoch */
  async prune(inUse: ReadonlySet<string>, nowMs: number): Promise<number> {
    const wanted = new Set<string>(inUse);
    const roots = [...[...inUse].filter(isDigest), ...(await this.#readTags()).map((t) => t.manifest.digest)];
    for (const digest of roots) {
      if (!this.blobs.has(digest)) continue;
      const manifest = await this.#platformManifest(digest);
      for (const blob of [digest, manifest.config.digest, ...manifest.layers.map((l) => l.digest)]) wanted.add(blob);
    }
    let freed = 0;
    const folder = join(this.root, 'blobs', 'sha256');
    for (const name of await readdir(folder).catch(() => [])) {
      const digest = `sha256:${name}`;
      if (wanted.has(digest) || !isDigest(digest)) continue;
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found === undefined || nowMs - found.mtimeMs < pruneAfterMs) continue;
      freed += found.size;
      await this.blobs.remove(digest);
    }
    for (const name of await readdir(join(this.root, 'unpacked')).catch(() => [])) {
      if (isDigest(`sha256:${name}`) && !this.blobs.has(`sha256:${name}`)) await removeTree(this.#unpackedPath(`sha256:${name}`));
    }
    return freed;
  }

  /** The image's file tree, unpacked once per digest. Returns its absolute path; nothing in it may be changed. */
  unpack(image: ResolvedImage): Promise<string> {
    const running = this.#unpacking.get(image.digest);
    if (running !== undefined) return running;
    const target = this.#unpackedPath(image.digest);
    const work = unpackLayers(target, image.manifest.layers.map((l) => this.blobs.pathOf(l.digest))).then(() => target);
    this.#unpacking.set(image.digest, work);
    work.catch(() => undefined).finally(() => this.#unpacking.delete(image.digest));
    return work;
  }

  #unpackedPath(digest: string): string {
    return join(this.root, 'unpacked', digest.slice('sha256:'.length));
  }

  /** Follows an index to the manifest for Linux on this machine. */
  async #platformManifest(digest: string): Promise<Manifest> {
    const found = await this.blobs.readJson<Manifest | Index>(digest);
    if (!('manifests' in found) && !isIndexType(found.mediaType)) return found as Manifest;
    const { manifests } = found as Index;
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const chosen = manifests.find((m) => m.platform?.os === 'linux' && m.platform.architecture === architecture && this.blobs.has(m.digest)) ?? manifests.find((m) => this.blobs.has(m.digest));
    if (chosen === undefined) throw new ImageError('NotFound', `Image ${digest} holds no manifest for linux/${architecture}`);
    return this.#platformManifest(chosen.digest);
  }

  #tagFile(tag: string): string {
    return join(this.root, 'tags', `${encodeURIComponent(tag)}.json`);
  }

  async #readTag(tag: string): Promise<Descriptor | undefined> {
    const text = await readFile(this.#tagFile(tag), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Descriptor);
  }

  async #readTags(): Promise<{ readonly tag: string; readonly manifest: Descriptor }[]> {
    const names = await readdir(join(this.root, 'tags')).catch(() => []);
    const tags = names.filter((n) => n.endsWith('.json')).map((n) => decodeURIComponent(n.slice(0, -'.json'.length)));
    const read = await Promise.all(tags.sort().map(async (tag) => ({ tag, manifest: await this.#readTag(tag) })));
    return read.flatMap(({ tag, manifest }) => (manifest === undefined ? [] : [{ tag, manifest }]));
  }

  /** Writes until the tags no longer change meanwhile: another process may have tagged in between. */
  async #writeIndex(): Promise<void> {
    await this.#replace(join(this.root, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    for (let before = '', now = await this.#indexText(); now !== before; before = now, now = await this.#indexText()) {
      await this.#replace(join(this.root, 'index.json'), now);
    }
  }

  async #indexText(): Promise<string> {
    const manifests = (await this.#readTags()).map(({ tag, manifest }) => ({ ...manifest, annotations: { 'io.containerd.image.name': tag, 'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1) } }));
    return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests } satisfies Index);
  }

  async #replace(path: string, text: string): Promise<void> {
    const incoming = join(this.root, 'incoming');
    await mkdir(incoming, { recursive: true });
    await mkdir(join(path, '..'), { recursive: true });
    const temporary = join(incoming, randomUUID());
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, path);
  }
}

/** Opens, or starts, the image store in a folder. */
export function openImageStore(root: string): ImageStore {
  return new ImageStore(root);
}
