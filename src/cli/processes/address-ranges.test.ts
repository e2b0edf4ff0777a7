import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { addressRanges, claimForNetwork, claimRanges, type RangesClaim } from './address-ranges.ts';

const claims: RangesClaim[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const claim of claims.splice(0)) claim.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** All begin their search at the same range. */
const random = { next: () => 0.5 };

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'aweigh-ranges-'));
  folders.push(made);
  return made;
}

async function claim(root: string, takesOver = false): Promise<RangesClaim> {
  const made = await claimRanges(root, random, {}, takesOver);
  claims.push(made);
  return made;
}

test('clusters that start at the same time have ranges of their own', async () => {
  const chosen = await Promise.all(Array.from({ length: 8 }, () => claim(folder())));
  expect(new Set(chosen.flatMap(({ ranges }) => [ranges.pods, ranges.services])).size).toBe(16);
});

test('a range where a pod of a cluster that is gone still listens is passed over', async () => {
  const before = await claim(folder());
  before.close();
  const left = createServer();
  await new Promise<void>((resolve) => void left.listen(8080, before.ranges.pods.replace('0.0/16', '128.2'), resolve));
  expect((await claim(folder())).ranges.pods).not.toBe(before.ranges.pods);
  await new Promise((resolve) => left.close(resolve));
});

test('a part uses what the supervisor chose, and a cluster has the same ranges when it starts again', async () => {
  const root = folder();
  const first = await claim(root);
  expect(await addressRanges(root, random)).toEqual(first.ranges);
  first.close();
  expect((await claim(root)).ranges).toEqual(first.ranges);
});

test('a cluster does not start while another has taken its ranges', async () => {
  const [root, other] = [folder(), folder()];
  const before = await claim(root);
  before.close();
  const taken = await claimRanges(other, random, before.ranges);
  claims.push(taken);
  await expect(claim(root)).rejects.toThrow(/in use by another cluster.*aweigh down/);
  taken.close();
  expect((await claim(root)).ranges).toEqual(before.ranges);
});

test('what a supervisor leaves behind keeps the ranges, for its own cluster alone', async () => {
  const [root, other] = [folder(), folder()];
  const before = await claim(root);
  for (const network of await Promise.all([claimForNetwork(before.ranges), claimForNetwork(before.ranges)])) if (network !== undefined) claims.push(network);
  before.close();
  expect((await claim(other)).ranges.pods).not.toBe(before.ranges.pods);
  await expect(claim(root)).rejects.toThrow(/in use by another cluster/);
  expect((await claim(root, true)).ranges).toEqual(before.ranges);
});
