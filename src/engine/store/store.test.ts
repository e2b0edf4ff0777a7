import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../runtime/system-clock.ts';
import { DataDamagedError, DataFormatError } from './data-error.ts';
import { DataLockedError } from './data-lock.ts';
import { snapshotStore } from './snapshot.ts';
import { Store, type StoreOptions } from './store.ts';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'aweigh-store-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const opened = (options: Partial<StoreOptions> = {}): Store => new Store({ dir, clock: systemClock, ...options });

test('revisions are one sequence, and go on where they stopped', async () => {
  const first = opened();
  const a = await first.put(first.collection('/a'), 'x', object('x'));
  const b = await first.put(first.collection('/b'), 'y', object('y'));
  expect(b.revision).toBe(a.revision + 1);
  await first.delete(first.collection('/a'), 'x', a.object);
  await first.close();
  const second = opened();
  expect(second.collection('/a').get('x')).toBeUndefined();
  expect(second.collection('/b').get('y')?.object).toEqual(b.object);
  expect((await second.put(second.collection('/a'), 'z', object('z'))).revision).toBe(b.revision + 2);
  await second.close();
});

test('nobody reads a write before it is on disk, but the next writer builds on it', async () => {
  const store = opened();
  const collection = store.collection('/a');
  const writing = store.put(collection, 'x', object('x'));
  expect(collection.get('x')).toBeUndefined();
  expect(store.head(collection, 'x')).toBeDefined();
  await writing;
  expect(collection.get('x')).toBe(store.head(collection, 'x'));
  await store.close();
});

test('a past revision is listed as it was while history reaches back to it', async () => {
  const store = opened();
  const collection = store.collection('/a');
  for (const name of ['a', 'b', 'c']) await store.put(collection, name, object(name));
  const then = store.revision;
  await store.delete(collection, 'b', object('b'));
  await store.put(collection, 'bb', object('bb'));
  expect([...(collection.recordsAt(then) ?? [])].map((r) => r.key)).toEqual(['a', 'b', 'c']);
  expect([...collection.records()].map((r) => r.key)).toEqual(['a', 'bb', 'c']);
  collection.history.compactTo(store.revision);
  expect(collection.recordsAt(then)).toBeUndefined();
  await store.close();
});

test('all histories of a store share one limit: the oldest events of all go first, but for the newest of each collection', async () => {
  const store = opened({ history: { ageMs: 300_000, bytes: 20_000, least: 2 } });
  const quiet = store.collection('/quiet'), busy = store.collection('/busy');
  for (let i = 0; i < 5; i++) await store.put(quiet, `q${i}`, object(`q${i}`));
  const before = store.revision;
  for (let i = 0; i < 5; i++) await store.put(busy, `b${i}`, object(`b${i}`));
  expect(busy.history.after(before)).toHaveLength(5);
  expect(quiet.history.after(before - 5)).toHaveLength(5);
  for (let i = 0; i < 100; i++) await store.put(busy, `more-${i}`, object(`more-${i}`));
  expect(quiet.history.after(before - 5)).toBeUndefined();
  expect(quiet.history.after(before - 2)).toHaveLength(2);
  expect(busy.history.after(before)).toBeUndefined();
  expect(busy.history.size).toBeGreaterThan(10);
  await store.close();
});

test('an answer about records is found again after a change, and only then', async () => {
  const store = opened();
  const collection = store.collection('/a');
  const names = (): string[] => collection.whileUnchanged('names', () => [...collection.records()].map((r) => r.key));
  await store.put(collection, 'x', object('x'));
  const before = names();
  await store.put(store.collection('/b'), 'z', object('z'));
  expect(names()).toBe(before);
  await store.put(collection, 'y', object('y'));
  expect(names()).toEqual(['x', 'y']);
  await store.delete(collection, 'x', object('x'));
  expect(names()).toEqual(['y']);
  await store.close();
});

test('a directory that another process holds is refused, and the process named', async () => {
  const store = opened();
  expect(opened).toThrow(DataLockedError);
  expect(opened).toThrow(String(process.pid));
  await store.close();
  await opened().close();
});

test('a directory of a newer format is refused', async () => {
  await opened().close();
  const root = open({ path: join(dir, 'store.mdb'), noSubdir: true } as Parameters<typeof open>[0]);
  await root.openDB({ name: 'meta', encoding: 'json' }).put('format', 99);
  await root.close();
  expect(opened).toThrow(DataFormatError);
});

const overwrite = (path: string, from: number, bytes: number): void => {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(bytes, 'x'), 0, bytes, from);
  closeSync(file);
};
test.for<{ when: string; spoil: (path: string) => void | Promise<void> }>([
  { when: 'its file is gone', spoil: (path: string) => rmSync(path) },
  { when: 'its file is empty', spoil: (path: string) => truncateSync(path, 0) },
  { when: 'its file ends in the first page', spoil: (path: string) => truncateSync(path, 100) },
  { when: 'its file is of something else', spoil: (path: string) => writeFileSync(path, Buffer.alloc(100_000, 'text ')) },
  { when: 'pages in the middle are overwritten', spoil: (path: string) => overwrite(path, Math.floor(statSync(path).size / 2), 65_536) },
  { when: 'its file was exchanged for that of another store', spoil: async (path: string) => {
    const other = mkdtempSync(join(tmpdir(), 'aweigh-store-'));
    await new Store({ dir: other, clock: systemClock }).close();
    rmSync(path);
    await snapshotStore(other, dir);
    writeFileSync(join(dir, 'id'), 'another\n');
    rmSync(other, { recursive: true });
  } },
])('a store is told to be damaged, and not taken for an empty one, when $when', async ({ spoil }) => {
  const store = opened();
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => store.put(store.collection('/a'), `n${i}`, { ...object(`n${i}`), data: { text: 'y'.repeat(300) } } as never)));
  await store.close();
  await spoil(join(dir, 'store.mdb'));
  expect(opened).toThrow(DataDamagedError);
  expect(opened, 'with the way out').toThrow(/aweigh restore/);
});

test('a disk that is nearly full refuses writes, keeps reads, and takes writes again when there is space', async () => {
  let free = 1024 ** 3;
  let now = 0;
  const store = new Store({ dir, clock: { ...systemClock, now: () => now }, freeBytes: () => free });
  const collection = store.collection('/a');
  await store.put(collection, 'x', object('x'));
  free = 1024 ** 2;
  now += 1_000;
  await expect(store.put(collection, 'y', object('y'))).rejects.toMatchObject({ code: 507, message: expect.stringMatching(/free space; nothing was written/) as string });
  await expect(store.delete(collection, 'x', object('x'))).rejects.toMatchObject({ code: 507 });
  expect(collection.get('x')).toBeDefined();
  free = 1024 ** 3;
  now += 1_000;
  expect((await store.put(collection, 'y', object('y'))).revision).toBe(2);
  await store.close();
});

test('a file that is opened anew between commits keeps everything, whatever is written and copied meanwhile', async () => {
  const store = new Store({ dir, clock: systemClock, reopenAfterBytes: 500 });
  const collection = store.collection('/a');
  const target = mkdtempSync(join(tmpdir(), 'aweigh-copy-'));
  try {
    const writes: Promise<unknown>[] = [];
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 8; i++) writes.push(store.put(collection, `o-${round}-${i}`, object(`o-${round}-${i}`)));
      const old = store.head(collection, `o-${round - 1}-0`);
      if (old !== undefined) writes.push(store.delete(collection, old.key, old.object));
      if (round % 3 === 0) await Promise.all(writes);
      if (round === 15) await snapshotStore(dir, target);
    }
    await Promise.all(writes);
    const last = await store.put(collection, 'last', object('last'));
    const all = [...collection.records()].map((r) => [r.key, r.json.toString()]);
    expect(all).toHaveLength(30 * 8 - 29 + 1);
    await store.close();
    const again = opened();
    expect([...again.collection('/a').records()].map((r) => [r.key, r.json.toString()])).toEqual(all);
    expect(again.revision).toBe(last.revision);
    await again.close();
    await new Store({ dir: target, clock: systemClock }).close();
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
});

test('a store whose file was replaced is broken, and says so', async () => {
  const broken: Error[] = [];
  const store = new Store({ dir, clock: systemClock, reopenAfterBytes: 1, onBroken: (error) => broken.push(error) });
  await store.put(store.collection('/a'), 'x', object('x'));
  await store.flush();
  rmSync(join(dir, 'store.mdb'));
  await store.put(store.collection('/a'), 'y', object('y'));
  await store.flush();
  expect(broken.map((e) => e.message)).toEqual([expect.stringContaining('another file is in its place')]);
  await expect(store.put(store.collection('/a'), 'z', object('z'))).rejects.toThrow('another file is in its place');
  await store.close();
});

test('a snapshot taken amid writes is a whole store: all that was acknowledged before, and nothing torn', async () => {
  const store = opened();
  const collection = store.collection('/a');
  let acknowledged = 0;
  let on = true;
  const writing = (async () => { for (; on; acknowledged++) await store.put(collection, `n${acknowledged}`, object(`n${acknowledged}`)); })();
  await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(50);
  const before = acknowledged;
  const target = join(dir, 'copy');
  mkdirSync(target);
  await snapshotStore(dir, target);
  on = false;
  await writing;
  await store.close();
  const copy = new Store({ dir: target, clock: systemClock });
  const names = [...copy.collection('/a').records()].map((r) => Number(r.key.slice(1))).sort((a, b) => a - b);
  expect(names.length).toBeGreaterThanOrEqual(before);
  expect(names).toEqual(names.map((_, i) => i));
  await copy.close();
});

test('the file is readable by its owner only', async () => {
  await opened().close();
  expect(statSync(join(dir, 'store.mdb')).mode & 0o077).toBe(0);
});

const writer = `
  const { Store } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url).href)});
  const store = new Store({ dir: process.argv[1], clock: { now: () => Date.now(), after: () => () => {} }, reopenAfterBytes: 2000 });
  const collection = store.collection('/a');
  const write = async (worker) => { for (let i = 0; ; i++) { const name = worker + '-' + i; await store.put(collection, name, { metadata: { name } }); process.stdout.write(name + '\\n'); } };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
`;

test('kill -9 at any instant loses no acknowledged write', async () => {
  for (const afterLines of [1, 50, 700]) {
    const acknowledged = await acknowledgedUntilKilled(afterLines);
    const store = opened();
    const missing = acknowledged.filter((name) => store.collection('/a').get(name) === undefined);
    await store.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(afterLines);
    expect(missing).toEqual([]);
  }
});

/** Runs a process that writes and names each acknowledged write, and kills it after so many. */
function acknowledgedUntilKilled(lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(text.slice(0, text.lastIndexOf('\n')).split('\n')));
  });
}
