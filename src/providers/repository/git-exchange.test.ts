import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Exchange, RecordChange, Remote, Repository } from '../../controllers/record/repository.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startGitServer, type GitServer } from './git-server-fixture.ts';
import { openRepository } from './git.ts';

const FOLDER = 'applications/default/shop';
let root: string;
let repository: Repository & { close(): Promise<void> };
let remote: Remote;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'aweigh-exchange-'));
  run('init', '-q', '--bare', '--initial-branch=main', join(root, 'record.git'));
  run('-C', join(root, 'record.git'), 'config', 'http.receivepack', 'true');
  repository = await open('local');
  remote = { url: `file://${root}/record.git`, branch: 'main' };
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(root, { recursive: true, force: true });
});

async function open(name: string): Promise<Repository & { close(): Promise<void> }> {
  const opened = await openRepository(join(root, name), { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } });
  closing.push(() => opened.close());
  return opened;
}

function run(...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: root } }).trim();
}
const local = (...args: string[]): string => run('-C', join(root, 'local'), ...args);
const server = (...args: string[]): string => run('-C', join(root, 'record.git'), ...args);

function change(files: Record<string, string>, name = 'shop'): RecordChange {
  return { directory: `applications/default/${name}`, files: new Map(Object.entries(files)), subject: `${name}: changed`, trailers: new Map([['Reason', 'ScaleUp']]), actor: 'grace' };
}

const exchange = (from: Remote = remote): Promise<Exchange> => repository.exchange(from, new AbortController().signal);

/** A person's clone, with what they do there pushed. */
function person(...steps: ((clone: string) => void)[]): void {
  const clone = mkdtempSync(join(root, 'clone-'));
  run('clone', '-q', join(root, 'record.git'), clone);
  for (const step of steps) step(clone);
  run('-C', clone, 'push', '-q', 'origin', 'HEAD:main');
}
const edit = (path: string, content: string) => (clone: string): void => {
  writeFileSync(join(clone, path), content);
  run('-C', clone, 'commit', '-q', '-am', `Set ${path}`);
};

async function startServer(login?: string): Promise<GitServer> {
  const started = await startGitServer(root, login);
  closing.push(() => started.close());
  return started;
}

test('what the remote lacks is pushed, and nothing more the next time', async () => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  const second = await repository.commit(change({ 'delivery.yaml': '2' }));
  expect(await exchange()).toEqual({ outcome: 'synchronized', commit: second, takenIn: 0, pushed: 2 });
  expect(server('rev-parse', 'main')).toBe(second);
  expect(await exchange()).toEqual({ outcome: 'synchronized', commit: second, takenIn: 0, pushed: 0 });
});

test("a person's commit comes in by fast-forward, and is the last word on its folder", async () => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  await repository.commit(change({ 'delivery.yaml': '2' }));
  await exchange();
  person((clone) => run('-C', clone, 'revert', '--no-edit', 'HEAD'));
  expect(await exchange()).toMatchObject({ outcome: 'synchronized', takenIn: 1, pushed: 0, commit: server('rev-parse', 'main') });
  expect((await repository.read(FOLDER)).get('delivery.yaml')).toBe('1');
  expect(await repository.commitsByPeople(FOLDER)).toMatchObject([{ author: 'Ada' }]);
  await vi.waitFor(() => expect(readFileSync(join(root, 'local', FOLDER, 'delivery.yaml'), 'utf8'), 'people see it in the work tree').toBe('1'), { timeout: 10_000 });
  await vi.waitFor(() => expect(local('status', '--porcelain')).toBe(''), { timeout: 10_000 });
});

test('commits made meanwhile on both sides come together: ours keep their ids, nobody loses a change', async () => {
  await repository.commit(change({ 'delivery.yaml': '1', 'a.yaml': '1', 'b.yaml': '1' }));
  await exchange();
  person(edit(`${FOLDER}/delivery.yaml`, 'wish'), edit(`${FOLDER}/a.yaml`, 'theirs'));
  const ours = await repository.commit(change({ 'delivery.yaml': '2', 'a.yaml': '1', 'b.yaml': 'ours' }));
  await repository.commit(change({ 'delivery.yaml': '1' }, 'cart'));
  expect(await exchange()).toMatchObject({ outcome: 'synchronized', takenIn: 2 });
  expect(Object.fromEntries(await repository.read(FOLDER))).toEqual({ 'delivery.yaml': 'wish', 'a.yaml': 'theirs', 'b.yaml': 'ours' });
  expect((await repository.commitsByPeople(FOLDER)).map((c) => c.subject)).toEqual([`Set ${FOLDER}/a.yaml`, `Set ${FOLDER}/delivery.yaml`]);
  expect(await repository.commitsByPeople('applications/default/cart')).toEqual([]);
  expect(server('rev-list', 'main').split('\n')).toContain(ours);
  expect(server('rev-parse', 'main')).toBe(local('rev-parse', 'main'));
  expect(local('fsck', '--strict')).toBe('');
  await repository.commit(change({ 'delivery.yaml': '3' }));
  expect(await repository.commitsByPeople(FOLDER)).toEqual([]);
});

test('a remote that is away loses nothing: commits wait, and get there when it is back', async () => {
  const first = await repository.commit(change({ 'delivery.yaml': '1' }));
  const away = await startServer();
  const there = { ...remote, url: `${away.url}/record.git` };
  expect(await exchange(there)).toMatchObject({ outcome: 'synchronized', commit: first });
  away.refuse(503);
  await repository.commit(change({ 'delivery.yaml': '2' }));
  const last = await repository.commit(change({ 'delivery.yaml': '3' }));
  expect(await exchange(there)).toMatchObject({ outcome: 'failed', reason: 'Unreachable', waiting: 2 });
  away.refuse(undefined);
  expect(await exchange(there)).toEqual({ outcome: 'synchronized', commit: last, takenIn: 0, pushed: 2 });
});

test('other history is refused, and neither side changes', async () => {
  person((clone) => run('-C', clone, 'commit', '-q', '--allow-empty', '-m', 'Something else'));
  const theirs = server('rev-parse', 'main');
  const ours = await repository.commit(change({ 'delivery.yaml': '1' }));
  expect(await exchange()).toMatchObject({ outcome: 'failed', reason: 'OtherHistory', waiting: 1, message: expect.stringMatching(/spec\.remote\.branch/) as string });
  expect([server('rev-parse', 'main'), local('rev-parse', 'main')]).toEqual([theirs, ours]);
});

test('an empty record takes the whole history of its remote', async () => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  await exchange();
  const fresh = await open('fresh');
  expect(await fresh.exchange(remote, new AbortController().signal)).toMatchObject({ outcome: 'synchronized', takenIn: 1, pushed: 0 });
  expect(await fresh.applications()).toEqual([{ namespace: 'default', name: 'shop' }]);
  expect(await fresh.commitsByPeople(FOLDER)).toEqual([]);
});

test('a remote that was set back gets our commits again', async () => {
  const first = await repository.commit(change({ 'delivery.yaml': '1' }));
  const second = await repository.commit(change({ 'delivery.yaml': '2' }));
  await exchange();
  server('update-ref', 'refs/heads/main', first);
  expect(await exchange()).toMatchObject({ outcome: 'synchronized', commit: second, pushed: 1 });
});

test('a password is given to the server that asks, and stands in no file, argument or message', async () => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  const guarded = await startServer('robot:s3cr3t-pass');
  const there = { url: `${guarded.url}/record.git`, branch: 'main' };
  const denied = await exchange({ ...there, credentials: { type: 'basic', username: 'robot', password: 'wr0ng-pass' } });
  expect(denied).toMatchObject({ outcome: 'failed', reason: 'AccessDenied' });
  expect(JSON.stringify(denied)).not.toContain('wr0ng-pass');
  expect(await exchange(there)).toMatchObject({ outcome: 'failed', reason: 'AccessDenied' });
  expect(await exchange({ ...there, credentials: { type: 'basic', username: 'robot', password: 's3cr3t-pass' } })).toMatchObject({ outcome: 'synchronized', pushed: 1 });
  expect(readFileSync(join(root, 'local/.git/config'), 'utf8')).not.toMatch(/s3cr3t|127\.0\.0\.1/);
  expect(readdirSync(join(root, 'local/.git'))).not.toContain('FETCH_HEAD');
});

test.for([
  { when: 'a hook that declines', spoil: () => hook('#!/bin/sh\necho "main is protected"; exit 1\n'), reason: 'PushRefused', says: /protected|declined/ },
  { when: 'no repository', spoil: () => rmSync(join(root, 'record.git'), { recursive: true }), reason: 'NotFound', says: /record\.git/ },
])('$when: told with what the remote said, and the commits wait', async ({ spoil, reason, says }) => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  spoil();
  expect(await exchange()).toMatchObject({ outcome: 'failed', reason, waiting: 1, message: expect.stringMatching(says) as string });
});

test('a remote that lies about what it has changes nothing here', async () => {
  await repository.commit(change({ 'delivery.yaml': '1' }));
  await exchange();
  person(edit(`${FOLDER}/delivery.yaml`, 'x'));
  const head = local('rev-parse', 'main');
  const blob = server('rev-parse', `main:${FOLDER}/delivery.yaml`);
  const file = join(root, 'record.git/objects', blob.slice(0, 2), blob.slice(2));
  chmodSync(file, 0o644);
  writeFileSync(file, 'not an object');
  expect(await exchange()).toMatchObject({ outcome: 'failed', reason: 'Corrupt' });
  expect(local('rev-parse', 'main')).toBe(head);
  expect(local('fsck')).toBe('');
});

function hook(text: string): void {
  writeFileSync(join(root, 'record.git/hooks/pre-receive'), text, { mode: 0o755 });
}
