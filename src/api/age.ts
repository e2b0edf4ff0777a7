import type { Build } from './build/build.ts';
import type { Release } from './release/release.ts';

const byNumber = new Intl.Collator('en', { numeric: true });

/** Older first. Objects of the same second are ordered by name, with numbers as numbers. */
export function compareAge(a: Build | Release, b: Build | Release): number {
  const first = Date.parse(a.metadata?.creationTimestamp ?? '') || 0;
  const second = Date.parse(b.metadata?.creationTimestamp ?? '') || 0;
  return first - second || byNumber.compare(a.metadata?.name ?? '', b.metadata?.name ?? '');
}
