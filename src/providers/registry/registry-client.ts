import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { LookupError, type Registries, type RegistryImage } from '../../controllers/source/ports.ts';
import { RegistryAccess } from './registry-access.ts';

/** Content of an image, checked against its digest. */
export interface ImageContent {
  manifest(image: RegistryImage, digest: string, signal: AbortSignal): Promise<{ readonly mediaType: string; readonly bytes: Buffer }>;
  /** Not checked: whoever stores it knows the digest. */
  blob(image: RegistryImage, digest: string, signal: AbortSignal): Promise<Readable>;
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const PAGE = 1_000;
const PAGES = 100;
const MANIFEST_BYTES = 4 * 1024 * 1024;

/** Any registry of the OCI distribution specification. */
export function registryClient(): Registries & ImageContent {
  const access = new RegistryAccess();
  return {
    async tags(image, signal) {
      const { name } = placeOf(image);
      const tags: string[] = [];
      let path: string | undefined = `/v2/${name}/tags/list?n=${PAGE}`;
      for (let page = 0; path !== undefined; page++) {
        if (page === PAGES) throw new LookupError('Corrupt', `${image.image} names pages of tags without an end`);
        const reply: Response = await request(access, image, path, {}, signal);
        const body = await json(image, reply) as { tags?: unknown };
        if (body.tags !== null && !isTexts(body.tags)) throw new LookupError('Corrupt', `${image.image} answers without a list of tags: is this a registry?`);
        tags.push(...(body.tags ?? []));
        path = nextPage(reply);
      }
      return tags;
    },
    async digest(image, tag, signal) {
      const path = `/v2/${placeOf(image).name}/manifests/${tag}`;
      const digest = (await request(access, image, path, { method: 'HEAD', headers: { accept: MANIFESTS } }, signal)).headers.get('docker-content-digest');
      if (digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
      const bytes = Buffer.from(await (await request(access, image, path, { headers: { accept: MANIFESTS } }, signal)).arrayBuffer());
      return digestOf(bytes);
    },
    async manifest(image, digest, signal) {
      const reply = await request(access, image, `/v2/${placeOf(image).name}/manifests/${digest}`, { headers: { accept: MANIFESTS } }, signal);
      if (Number(reply.headers.get('content-length') ?? 0) > MANIFEST_BYTES) throw new LookupError('Corrupt', `The manifest ${digest} of ${image.image} is larger than any image's`);
      const bytes = Buffer.from(await reply.arrayBuffer());
      if (digestOf(bytes) !== digest) throw new LookupError('Corrupt', `${image.image} answers ${digest} with the content of ${digestOf(bytes)}`);
      return { mediaType: reply.headers.get('content-type') ?? '', bytes };
    },
    async blob(image, digest, signal) {
      const reply = await request(access, image, `/v2/${placeOf(image).name}/blobs/${digest}`, {}, signal);
      return reply.body === null ? Readable.from([]) : Readable.fromWeb(reply.body as never);
    },
  };
}

/** Host and name; Docker's own registry is reached by another name than its images have. */
export function placeOf({ image, insecure }: RegistryImage): { readonly origin: string; readonly name: string } {
  const slash = image.indexOf('/');
  const host = image.slice(0, slash);
  return { origin: `${insecure ? 'http' : 'https'}://${host === 'docker.io' ? 'registry-1.docker.io' : host}`, name: image.slice(slash + 1) };
}

async function request(access: RegistryAccess, image: RegistryImage, path: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  const { origin, name } = placeOf(image);
  const reply = await access.fetch(image, `${origin}${path}`, name, init, signal);
  if (reply.ok) return reply;
  await reply.body?.cancel();
  if (reply.status === 401 || reply.status === 403) throw new LookupError('AccessDenied', `${image.image} answers ${reply.status}`);
  if (reply.status === 404) throw new LookupError('NotFound', `${origin} has no ${path.includes('/tags/') ? image.image : path.split('/').at(-1)}`);
  throw new LookupError('Unreachable', `${origin} answers ${reply.status}`);
}

/** RFC 8288; the same registry only. */
function nextPage(reply: Response): string | undefined {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(reply.headers.get('link') ?? '')?.[1];
  if (link === undefined) return undefined;
  const { origin, pathname, search } = new URL(link, reply.url);
  return origin === new URL(reply.url).origin ? pathname + search : undefined;
}

async function json(image: RegistryImage, reply: Response): Promise<unknown> {
  try {
    const value: unknown = await reply.json();
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // Told below.
  }
  throw new LookupError('Corrupt', `${image.image} answers no JSON: is this a registry?`);
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((v) => typeof v === 'string');
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
