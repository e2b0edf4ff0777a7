import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { idOf, type GitObject } from './git-object-format.ts';
import { packWithIndex, writePack } from './git-pack.ts';

const objects = new Map(Array.from({ length: 700 }, (_, i): [string, GitObject] => {
  const content = Buffer.from(`${i}: ${'x'.repeat((i * 37) % 9_000)}`);
  return [idOf('blob', content), { type: 'blob', content }];
}));

test('git reads every object of a pack that was written without it, and makes the very same index of it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'aweigh-pack-'));
  const git = (...args: string[]): string => execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' });
  try {
    git('init', '--quiet', '--bare');
    const folder = join(directory, 'objects/pack');
    await writePack(folder, objects);
    const { name, index } = packWithIndex(objects);
    expect(readdirSync(folder).toSorted()).toEqual([`pack-${name}.idx`, `pack-${name}.pack`]);
    expect(git('verify-pack', '-v', join(folder, `pack-${name}.idx`)).split('\n').filter((line) => line.includes(' blob '))).toHaveLength(700);
    for (const [id, { content }] of [...objects].slice(0, 3)) expect(git('cat-file', 'blob', id)).toBe(content.toString());
    const own = join(directory, 'own.idx');
    git('index-pack', '-o', own, join(folder, `pack-${name}.pack`));
    expect(readFileSync(own).equals(index)).toBe(true);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
