import { ImageError } from './image-error.ts';

/** What an image is asked for by. `digest` wins over `tag`, as in `name:tag@sha256:…`. */
export interface Reference {
  /** Without a default registry; '' where only a digest was given. */
  readonly name: string;
  readonly tag: string;
  readonly digest?: string;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const namePattern = /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export const isDigest = (text: string): boolean => digestPattern.test(text);

/** Reads `name`, `name:tag`, `name@sha256:…` or `sha256:…`. No tag means `latest`.
 *  @throws {ImageError} reason `Invalid` */
export function parseReference(text: string): Reference {
  if (isDigest(text)) return { name: '', tag: 'latest', digest: text };
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `'${digest}' is not sha256: and 64 hexadecimal digits`);
  const named = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to a registry's port.
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = (hasTag ? named.slice(0, colon) : named).replace(/^(index\.)?docker\.io\/(library\/)?/, '');
  const tag = hasTag ? named.slice(colon + 1) : 'latest';
  if (!namePattern.test(name)) throw invalid(text, `the name '${name}' must be lower-case letters, digits, '.', '_', '-' and '/'`);
  if (!tagPattern.test(tag)) throw invalid(text, `the tag '${tag}' must be at most 128 letters, digits, '.', '_' or '-'`);
  return digest === undefined ? { name, tag } : { name, tag, digest };
}

/** `name:tag`: the key under which a tag is stored and listed. */
export function tagOf(r: Reference): string {
  return `${r.name}:${r.tag}`;
}

function invalid(text: string, why: string): ImageError {
  return new ImageError('Invalid', `Cannot read the image name '${text}': ${why}. Write NAME:TAG, such as account-service:v1.18.0`);
}
