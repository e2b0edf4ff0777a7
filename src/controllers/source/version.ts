/** Such as v1.18.0, 1.18, 2026.11.24-rc1. */
const VERSION = /^v?\d+(\.\d+)+([.-][\w.-]+)?$/;

/** The version of a tag's Build. A tag that is no version may be moved, so that its content is in the name. */
export function versionOfTag(tag: string, digest: string): string {
  const word = tag.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-').replace(/^[-.]+/, '');
  const short = digest.slice('sha256:'.length, 'sha256:'.length + 12);
  return VERSION.test(tag) && word.length <= 63 ? word.replace(/[-.]+$/, '') : `${word.slice(0, 50).replace(/[-.]+$/, '')}-${short}`.replace(/^-/, '');
}
