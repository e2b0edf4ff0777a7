import { expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import { bucketOf } from './bucket.ts';
import vectors from './vectors.json' with { type: 'json' };
import { xxh32 } from './xxh32.ts';

test('equals the reference implementation at every length', async () => {
  const reference = await xxhash();
  for (let size = 0; size < 80; size++) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 131 + size * 7) & 255);
    expect(xxh32(bytes)).toBe(reference.h32Raw(bytes, 0));
  }
});

test.for(vectors)('$seed/$user is in bucket $bucket', ({ seed, user, bucket }) => {
  expect(bucketOf(seed, user)).toBe(bucket);
});

test('a greater share is a superset of a smaller one', () => {
  const users = Array.from({ length: 2_000 }, (_, i) => `user-${i}`);
  const within = (share: number) => users.filter((u) => bucketOf('account-service/FREE', u) < share);
  expect(within(1_000)).toEqual(expect.arrayContaining(within(500)));
});
