import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RecordChange } from '../../controllers/record/repository.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { openRepository } from './git.ts';

const options = { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } };
let directory: string;
let repository: Awaited<ReturnType<typeof openRepository>>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aweigh-record-'));
  repository = await openRepository(directory, options);
});
afterEach(async () => {
  await repository.close();
  rmSync(directory, { recursive: true, force: true });
});

const git = (...args: string[]): string => execFileSync('git', ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...args], { encoding: 'utf8' }).trim();

function change(name: string, files: Record<string, string>, subject = `${name}: changed`): RecordChange {
  return { directory: `applications/default/${name}`, files: new Map(Object.entries(files)), subject, trailers: new Map([['Release', `${name}-v1`], ['Reason', 'ScaleUp']]), actor: 'grace' };
}

test('a change is a commit that says who, why and for which release', async () => {
  const sha = await repository.commit(change('shop', { 'delivery.yaml': 'a: 1\n', 'specs/service-shop.yaml': 'b: 2\n' }));
  expect(git('rev-parse', 'HEAD')).toBe(sha);
  expect(git('log', '-1', '--format=%an|%s|%(trailers:key=Release,valueonly)').trim()).toBe('grace|shop: changed|shop-v1');
  expect(await repository.read('applications/default/shop')).toEqual(new Map([['delivery.yaml', 'a: 1\n'], ['specs/service-shop.yaml', 'b: 2\n']]));
  await vi.waitFor(() => expect(git('status', '--porcelain')).toBe(''), { timeout: 5_000 });
  expect(git('fsck', '--strict')).toBe('');
});

test('a file that the change does not name goes; other folders stay', async () => {
  await repository.commit(change('shop', { 'delivery.yaml': '1', 'specs/old.yaml': 'x' }));
  await repository.commit(change('cart', { 'delivery.yaml': '1' }));
  await repository.commit(change('shop', { 'delivery.yaml': '2' }));
  expect(git('ls-tree', '-r', '--name-only', 'HEAD').split('\n')).toEqual(['applications/default/cart/delivery.yaml', 'applications/default/shop/delivery.yaml']);
  expect(await repository.applications()).toEqual([{ namespace: 'default', name: 'cart' }, { namespace: 'default', name: 'shop' }]);
});

test('a change that changes nothing makes no commit', async () => {
  const first = await repository.commit(change('shop', { 'delivery.yaml': '1' }));
  expect(await repository.commit(change('shop', { 'delivery.yaml': '1' }))).toBe(first);
});

test('what is urgent goes into the next commit, before all that waits, and the rest does not wait for ever', async () => {
  const order: string[] = [];
  const commit = (name: string, urgent: boolean): Promise<void> => repository.commit({ ...change(name, { 'delivery.yaml': '1' }), urgent }).then(() => void order.push(name));
  await Promise.all([...Array.from({ length: 60 }, (_, i) => commit(`later-${i}`, false)), commit('abort', true)]);
  expect(order[0]).toBe('abort');
  expect(git('log', '--reverse', '--format=%s').split('\n')[0]).toBe('abort: changed');

  order.length = 0;
  let next = 0;
  const storm = async (): Promise<void> => { while (next < 40) await commit(`abort-${next++}`, true); };
  await Promise.all([commit('begins', false), storm(), storm(), commit('patient', false)]);
  expect(order.indexOf('patient'), 'urgent changes keep coming').toBeLessThan(30);
});

test('changes that arrive together all get in, in fewer commits', async () => {
  await Promise.all(Array.from({ length: 100 }, (_, i) => repository.commit(change(`app-${i}`, { 'delivery.yaml': `${i}`, 'specs/service.yaml': `${i}` }))));
  expect(git('ls-tree', '-r', '--name-only', 'HEAD').split('\n')).toHaveLength(200);
  expect(Number(git('rev-list', '--count', 'HEAD'))).toBeLessThanOrEqual(3);
  expect(git('fsck', '--strict'), 'packed as git packs').toBe('');
  expect(git('show', 'HEAD:applications/default/app-7/delivery.yaml')).toBe('7');
  await vi.waitFor(() => expect(readFileSync(join(directory, 'applications/default/app-7/delivery.yaml'), 'utf8')).toBe('7'), { timeout: 10_000 });
});

test('a revert by a person is seen and is not our own commit', async () => {
  await repository.commit(change('shop', { 'delivery.yaml': '1' }));
  await repository.commit(change('shop', { 'delivery.yaml': '2' }));
  const moved = vi.fn();
  repository.onMoved(moved);
  await vi.waitFor(() => expect(git('status', '--porcelain')).toBe(''), { timeout: 5_000 });
  git('revert', '--no-edit', 'HEAD');
  await vi.waitFor(() => expect(moved).toHaveBeenCalled(), { timeout: 5_000 });
  expect(moved).toHaveBeenCalledWith(new Set(['applications/default/shop']));
  expect(await repository.commitsByPeople('applications/default/shop')).toMatchObject([{ author: 'Ada', email: 'ada@localhost', own: false }]);
  await repository.commit(change('cart', { 'delivery.yaml': '1' }));
  expect(await repository.commitsByPeople('applications/default/shop'), 'until we had the last word on this folder').toHaveLength(1);
  await repository.commit(change('shop', { 'delivery.yaml': '3' }));
  expect(await repository.commitsByPeople('applications/default/shop')).toEqual([]);
  await vi.waitFor(() => expect(git('status', '--porcelain')).toBe(''), { timeout: 5_000 });
  git('revert', '--no-edit', 'HEAD');
  await repository.close();
  repository = await openRepository(directory, options);
  expect(await repository.commitsByPeople('applications/default/shop'), 'a new process sees the same').toHaveLength(1);
  expect(await repository.commitsByPeople('applications/default/cart')).toEqual([]);
  expect((await repository.read('applications/default/shop')).get('delivery.yaml')).toBe('1');
});

test('files that a kill left uncommitted are put back to HEAD at the next start', async () => {
  await repository.commit(change('shop', { 'delivery.yaml': '1' }));
  await repository.close();
  writeFileSync(join(directory, 'applications/default/shop/delivery.yaml'), 'half');
  writeFileSync(join(directory, '.git/index.lock'), '');
  repository = await openRepository(directory, options);
  expect(git('status', '--porcelain')).toBe('');
  await repository.commit(change('shop', { 'delivery.yaml': '2' }));
  expect(git('show', 'HEAD:applications/default/shop/delivery.yaml')).toBe('2');
});

test.for([
  { when: 'a torn pack', tear: () => writeFileSync(pack(), 'torn') },
  { when: 'a lost pack', tear: () => rmSync(pack()) },
  { when: 'an empty branch', tear: () => writeFileSync(join(directory, '.git/refs/heads/main'), '') },
  { when: 'a branch that names no commit', tear: () => writeFileSync(join(directory, '.git/refs/heads/main'), `${'1'.repeat(40)}\n`) },
])('$when: the damaged record is put aside and a new one begins', async ({ tear }) => {
  await repository.commit(change('shop', { 'delivery.yaml': '1' }));
  await repository.close();
  // A start packs what the journal holds.
  await (await openRepository(directory, options)).close();
  rmSync(directory + '/.git/index', { force: true });
  tear();
  repository = await openRepository(directory, options);
  expect(await repository.applications()).toEqual([]);
  const aside = readdirSync(dirname(directory)).filter((name) => name.startsWith(`${basename(directory)}.damaged-`));
  expect(aside).toHaveLength(1);
  rmSync(join(dirname(directory), aside[0] ?? ''), { recursive: true, force: true });
  await repository.commit(change('shop', { 'delivery.yaml': '2' }));
  expect(git('show', 'HEAD:applications/default/shop/delivery.yaml')).toBe('2');
});

function pack(): string {
  const folder = join(directory, '.git/objects/pack');
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.pack')) ?? '');
  chmodSync(file, 0o600);
  return file;
}

test('a record that only cannot be read now stays where it is', async () => {
  await repository.commit(change('shop', { 'delivery.yaml': '1' }));
  await repository.close();
  writeFileSync(join(directory, '.git/config'), '[core]\n\trepositoryformatversion = 99\n');
  await expect(openRepository(directory, options)).rejects.toThrow(/cannot be read, and nothing says that it is damaged/);
  expect(existsSync(join(directory, '.git/HEAD'))).toBe(true);
});
