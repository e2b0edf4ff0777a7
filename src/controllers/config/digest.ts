import { createHash, scrypt } from 'node:crypto';
import type { ConfigMap, Secret } from '../../kubernetes/types.generated.ts';

/** Equal content, equal digest: 32 hex digits. */
export function configMapDigest({ data, binaryData }: ConfigMap): string {
  return createHash('sha256').update(content({ data, binaryData })).digest('hex').slice(0, 32);
}

/**
 * Stands in git, so a guess at the content is to cost time: scrypt with 32 MiB, salted with where the Secret stands.
 * https://www.rfc-editor.org/rfc/rfc7914
 */
export function secretDigest({ metadata, type, data }: Secret): Promise<string> {
  const salt = `${metadata?.namespace}/${metadata?.name}`;
  return new Promise((resolve, reject) => {
    scrypt(content({ type, data }), salt, 16, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 }, (error, key) => (error === null ? resolve(key.toString('hex')) : reject(error)));
  });
}

function content(value: Record<string, unknown>): string {
  const sorted = (node: unknown): unknown => (typeof node === 'object' && node !== null ? Object.entries(node).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]) : node);
  return JSON.stringify(sorted(value));
}
