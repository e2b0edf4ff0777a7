/**
 * The checker's own computation of a user's bucket, apart from the one that the routers use, so that an error in one shows.
 * xxh32 as specified in https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, in BigInt arithmetic.
 */
const M = 0xffffffffn;
const P1 = 2654435761n, P2 = 2246822519n, P3 = 3266489917n, P4 = 668265263n, P5 = 374761393n;
const rotl = (x: bigint, r: bigint): bigint => ((x << r) | (x >> (32n - r))) & M;

export function checkerBucket(seed: string, user: string): number {
  const data = Buffer.from(`${seed}/${user}`, 'utf8');
  const length = data.length;
  const word = (at: number): bigint => BigInt(data.readUInt32LE(at));
  let at = 0;
  let hash: bigint;
  if (length >= 16) {
    const lanes: bigint[] = [(P1 + P2) & M, P2, 0n, (0x100000000n - P1) & M];
    for (; at + 16 <= length; at += 16) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = (rotl(((lanes[lane] ?? 0n) + word(at + lane * 4) * P2) & M, 13n) * P1) & M;
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotl(a, 1n) + rotl(b, 7n) + rotl(c, 12n) + rotl(d, 18n)) & M;
  } else {
    hash = P5;
  }
  hash = (hash + BigInt(length)) & M;
  for (; at + 4 <= length; at += 4) hash = (rotl((hash + word(at) * P3) & M, 17n) * P4) & M;
  for (; at < length; at++) hash = (rotl((hash + BigInt(data[at] ?? 0) * P5) & M, 11n) * P1) & M;
  hash ^= hash >> 15n;
  hash = (hash * P2) & M;
  hash ^= hash >> 13n;
  hash = (hash * P3) & M;
  hash ^= hash >> 16n;
  return Number(hash % 10_000n);
}
