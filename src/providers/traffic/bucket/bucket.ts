import { xxh32 } from './xxh32.ts';

export const BUCKETS = 10_000;

/** A user's place in a segment, 0 to 9,999: the same for good, in every kind of router. @param user as latin1, as it stands in a header */
export function bucketOf(seed: string, user: string): number {
  return xxh32(Buffer.from(`${seed}/${user}`, 'latin1')) % BUCKETS;
}
