import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecordChange } from '../../controllers/record/repository.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { openRepository } from './git.ts';

const options = { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } };
let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'aweigh-power-cut-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const git = (directory: string, ...args: string[]): string => run('git', '-C', directory, ...args);

/** @param files how many files the change has; more than a few dozen become a pack at once */
function change(name: string, version: number, files = 6): RecordChange {
  const specs = Array.from({ length: files - 1 }, (_, i) => [`specs/${i}.yaml`, `version: ${version}\nfile: ${i}\n`] as const);
  return { directory: `applications/default/${name}`, files: new Map([['delivery.yaml', `${version}`], ...specs]), subject: `${name}: ${version}`, trailers: new Map(), actor: 'grace' };
}

/** Files of objects, which nothing waited for, as a disk that was never told to keep them has them. */
function loseLooseObjects(directory: string, lose: (file: string) => void): number {
  const objects = join(directory, '.git/objects');
  const files = readdirSync(objects).filter((name) => name.length === 2).flatMap((folder) => readdirSync(join(objects, folder)).map((name) => join(objects, folder, name)));
  for (const file of files) { run('chmod', '600', file); lose(file); }
  return files.length;
}

test.for([
  { when: 'empty', lose: (file: string) => truncateSync(file) },
  { when: 'gone', lose: (file: string) => rmSync(file) },
])('objects whose own files are $when after a power cut come back from the journal, however often', async ({ lose }) => {
  const directory = join(root, 'record');
  for (let version = 1; version <= 4; version++) {
    const repository = await openRepository(directory, options);
    if (version > 1) expect((await repository.read('applications/default/shop')).get('delivery.yaml')).toBe(`${version - 1}`);
    await repository.commit(change('shop', version));
    await repository.commit(change('cart', version, version === 3 ? 60 : 6));
    await repository.close();
    expect(loseLooseObjects(directory, lose)).toBeGreaterThan(0);
  }
  await (await openRepository(directory, options)).close();
  expect(git(directory, 'log', '--format=%s', 'main').split('\n')).toHaveLength(8);
  expect(git(directory, 'fsck', '--strict')).toBe('');
  expect(loseLooseObjects(directory, rmSync), 'they are in packs now').toBe(0);
});

test('the journal takes turns and stays small, whatever is committed', async () => {
  const directory = join(root, 'record');
  const repository = await openRepository(directory, options);
  const text = (version: number): string => Array.from({ length: 2_000 }, (_, i) => (version * 7_919 + i * i).toString(36)).join('\n');
  for (let version = 1; version <= 60; version++) {
    await repository.commit({ ...change('shop', version), files: new Map(Array.from({ length: 8 }, (_, i) => [`specs/${i}.yaml`, text(version * 8 + i)])) });
  }
  await repository.close();
  const journals = readdirSync(join(directory, '.git')).filter((name) => name.startsWith('aweigh-journal-'));
  expect(journals).toHaveLength(2);
  for (const name of journals) expect(Number(run('stat', '-c', '%s', join(directory, '.git', name)))).toBeLessThanOrEqual(1024 * 1024);
  expect(readdirSync(join(directory, '.git/objects/pack')).filter((name) => name.endsWith('.pack')).length).toBeGreaterThan(0);
  loseLooseObjects(directory, rmSync);
  await (await openRepository(directory, options)).close();
  expect(git(directory, 'rev-list', '--count', 'main')).toBe('60');
  expect(git(directory, 'fsck', '--strict')).toBe('');
});

test('a record that was cloned or restored works as one that was begun here', async () => {
  await (await openRepository(join(root, 'first'), options)).close();
  run('git', 'init', '-q', '--initial-branch=main', join(root, 'second'));
  await (await openRepository(join(root, 'second'), options)).close();
  for (const name of ['first', 'second']) {
    expect(git(join(root, name), 'config', 'receive.denyCurrentBranch')).toBe('updateInstead');
    expect(git(join(root, name), 'config', 'core.fsync')).toBe('committed,reference');
  }
});

/** A file system of its own, whose image at any moment is what the disk would have. Only root may mount one. */
const mountable = process.getuid?.() === 0 && existsSync('/dev/loop-control');
if (process.env['AWEIGH_SOAK'] !== undefined) {
  if (!mountable) console.log('Not tested: power cuts on a file system of its own; only root with loop devices can mount one');
  else test('what was acknowledged is on the disk at that moment', { timeout: 300_000 }, async () => {
    const left: (() => unknown)[] = [];
    const [image, copy, disk, after] = ['image', 'copy', 'disk', 'after'].map((name) => join(root, name)) as [string, string, string, string];
    run('truncate', '-s', '48M', image);
    run('mkfs.ext4', '-q', image);
    for (const folder of [disk, after]) mkdirSync(folder);
    const opened = async (directory: string): ReturnType<typeof openRepository> => {
      const repository = await openRepository(directory, options);
      left.push(() => repository.close());
      return repository;
    };
    const mounted = (...args: [...options: string[], image: string, folder: string]): void => {
      run('mount', ...args);
      left.push(() => run('umount', args.at(-1) ?? ''));
    };
    const leave = async (until = 0): Promise<void> => { while (left.length > until) await left.pop()?.(); };
    try {
      // Nothing that was not asked for reaches the disk within the test.
      mounted('-o', 'loop,commit=300', image, disk);
      const repository = await opened(join(disk, 'record'));
      for (let version = 1; version <= 20; version++) {
        const [files, together] = [version % 7 === 0 ? 80 : 6, version % 5 === 0 ? 10 : 1];
        await Promise.all(Array.from({ length: together }, (_, i) => repository.commit(change(`app-${i}`, version, files))));
        cpSync(image, copy);
        mounted('-o', 'loop', copy, after);
        const restarted = await opened(join(after, 'record'));
        for (let i = 0; i < together; i++) expect(await restarted.read(`applications/default/app-${i}`), `version ${version}`).toEqual(change(`app-${i}`, version, files).files);
        expect(readdirSync(after).filter((name) => name.includes('damaged')), `version ${version}`).toEqual([]);
        expect(git(join(after, 'record'), '-c', 'safe.directory=*', 'fsck', '--strict')).toBe('');
        await leave(2);
      }
    } finally {
      await leave();
    }
  });
}
