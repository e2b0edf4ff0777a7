import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Applications, Builds, Sources } from '../../api/kinds.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Source } from '../../api/source/source.ts';
import type { Client } from '../../client/client.ts';
import { Events, Secrets } from '../../client/kinds.ts';
import { buildImage } from '../../engine/images/build-image.ts';
import { ImageError } from '../../engine/images/image-error.ts';
import { openImageStore } from '../../engine/images/image-store.ts';
import { registryClient } from '../../providers/registry/registry-client.ts';
import { hasRegistry, startRegistry } from '../../providers/registry/registry-fixture.ts';
import { startGitServer, type GitServer } from '../../providers/repository/git-server-fixture.ts';
import { gitRepositories } from '../../providers/source/git-repositories.ts';
import { hookReceiver } from '../../providers/source/hook-receiver.ts';
import { imageBuilder } from '../../providers/source/image-builder.ts';
import { isolationHere } from '../../providers/source/sandbox.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { startApiServerFixture, type ApiServerFixture } from '../api-server-fixture.ts';
import { sourceController, type SourceOptions } from './controller.ts';

const namespace = 'default';
const key = { namespace, name: 'shop' };
const DEADLINE = { timeout: 60_000, interval: 30 };
const path = process.env['PATH'] ?? '';
const isolation = isolationHere();

let root: string;
let api: ApiServerFixture;
let client: Client;
let git: GitServer;
let clone: string;
const stopping: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  api = await startApiServerFixture();
  client = api.client;
});
afterAll(() => api.stop());

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'aweigh-source-'));
  run('init', '-q', '--bare', '--initial-branch=main', join(root, 'shop.git'));
  clone = join(root, 'clone');
  mkdirSync(join(root, 'home'));
  run('clone', '-q', join(root, 'shop.git'), clone);
  git = await startGitServer(root);
  stopping.push(() => git.close());
  await client.create(Applications, { apiVersion: API_VERSION, kind: 'Application', metadata: { ...key }, spec: { template: { spec: { containers: [{ name: 'app', image: '${image}' }] } }, ports: [{ name: 'http', port: 8080 }], tracks: [{ name: 'production', replicas: 1 }] } });
});
afterEach(async () => {
  for (const stop of stopping.splice(0).toReversed()) await stop();
  for (const kind of [Sources, Builds, Applications]) for (const { metadata } of (await client.list(kind as typeof Sources, { namespace })).items) await client.delete(kind as typeof Sources, { namespace, name: metadata?.name ?? '' });
  for (const name of ['hook', 'login']) await client.delete(Secrets, { namespace, name }).catch(() => undefined);
  rmSync(root, { recursive: true, force: true });
});

function run(...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: path, HOME: root } }).trim();
}

/** Commits files and pushes; resolves to the commit. */
function push(files: Record<string, string>, message: string, ...more: string[]): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(clone, name, '..'), { recursive: true });
    writeFileSync(join(clone, name), content);
  }
  run('-C', clone, 'add', '-A');
  run('-C', clone, 'commit', '-q', '--allow-empty', '-m', message);
  run('-C', clone, 'push', '-q', '--follow-tags', ...more, 'origin', 'HEAD:main');
  return run('-C', clone, 'rev-parse', 'HEAD');
}

function start(over: Partial<SourceOptions> = {}, builds = true): () => Promise<void> {
  const images = openImageStore(join(root, 'images'));
  const end = api.run(sourceController({
    repositories: gitRepositories({ directory: join(root, 'sources'), environment: { path }, allowFiles: false }),
    registries: registryClient(),
    ...(builds && { builder: imageBuilder({ path, home: join(root, 'home'), hidden: [], isolation, isInvalid: (e) => e instanceof ImageError, take: async () => {}, pack: async (folder, tag) => `${tag.split(':')[0]}@${(await buildImage(folder, tag, images)).digest}` }) }),
    ...over,
  }));
  stopping.push(end);
  return end;
}

const follow = (gitSource: Partial<NonNullable<Source['spec']['git']>> = {}) => client.create(Sources, { apiVersion: API_VERSION, kind: 'Source', metadata: { ...key }, spec: { application: 'shop', git: { url: `${git.url}/shop.git`, pollSeconds: 1, ...gitSource } } });
const status = async () => (await client.get(Sources, key)).status;
const ready = async () => (await status())?.conditions?.find((c) => c.type === 'Ready');
const readyIs = (expected: object): Promise<void> => vi.waitFor(async () => expect(await ready()).toMatchObject(expected), DEADLINE);
const builds = async () => (await client.list(Builds, { namespace })).items.map((b) => b.spec);

const app = { 'app/image.json': '{"entrypoint":["sh"]}', 'app/run.sh': 'echo 1' };

test('each push becomes one Build, with version, author and commit of it', async () => {
  const first = push(app, 'Begin');
  start();
  await follow({ build: { folder: 'app', command: ['sh', '-c', 'echo made > made.txt && echo run >> $HOME/runs'], test: ['sh', '-c', 'test -f made.txt'] } });
  await readyIs({ status: 'True', reason: 'UpToDate' });
  expect(await builds()).toMatchObject([{ application: 'shop', version: `0.0.1-g${first.slice(0, 7)}`, commit: first, author: 'Ada', message: 'Begin', image: expect.stringMatching(/^shop@sha256:/) as string }]);
  run('-C', clone, 'tag', '-a', 'v1.18.0', '-m', 'Release');
  const second = push({ 'app/run.sh': 'echo 2' }, 'Go on');
  await vi.waitFor(async () => expect((await builds()).map((b) => b.version)).toContain(`v1.18.0-1-g${second.slice(0, 7)}`), DEADLINE);
  await vi.waitFor(async () => expect((await status())?.built).toMatchObject({ revision: second }), DEADLINE);
  expect(readFileSync(join(root, 'home', 'runs'), 'utf8'), 'no commit is built twice').toBe('run\nrun\n');
});

test('a commit that breaks its tests is shown with what it wrote, and goes nowhere; the next one mends it', async () => {
  push(app, 'Begin');
  start();
  await follow({ build: { folder: 'app', test: ['sh', '-c', 'echo "$0 says: $(cat run.sh)"; ! grep -q broken run.sh'] } });
  await readyIs({ status: 'True' });
  const bad = push({ 'app/run.sh': 'broken' }, 'Break it');
  await readyIs({ status: 'False', reason: 'TestFailed', message: expect.stringMatching(/by Ada \('Break it'\) goes nowhere: the test .* exited with 1/) as string });
  expect((await status())?.failed).toMatchObject({ revision: bad, author: 'Ada', reason: 'TestFailed', log: 'sh says: broken' });
  expect(await builds()).toHaveLength(1);
  await vi.waitFor(async () => expect((await client.list(Events, { namespace })).items.find((e) => e.reason === 'TestFailed')).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Source', name: 'shop' } }), DEADLINE);
  push({ 'app/run.sh': 'mended' }, 'Mend it');
  await readyIs({ status: 'True' });
  expect((await status())?.failed).toBeUndefined();
  expect(await builds()).toHaveLength(2);
});

test.for([
  { when: 'its command fails', files: app, build: { folder: 'app', command: ['sh', '-c', 'exit 3'] }, reason: 'BuildFailed', says: /exited with 3/ },
  { when: 'its command does not exist', files: app, build: { folder: 'app', command: ['no-such-program'] }, reason: 'BuildFailed', says: /could not be started/ },
  { when: 'its test fails', files: app, build: { folder: 'app', test: ['sh', '-c', 'exit 9'] }, reason: 'TestFailed', says: isolation.ownNetwork ? /exited with 9; it reached no network but its own loopback.*set spec.git.build.network to all/ : /exited with 9/ },
  { when: 'it multiplies', files: app, build: { folder: 'app', command: ['sh', '-c', 'for i in $(seq 30); do sleep 600 & done; wait'], processes: 10 }, reason: 'BuildFailed', says: /more than its 10 processes: .* raise spec.git.build.processes/ },
  { when: 'it does not end', files: app, build: { folder: 'app', test: ['sleep', '600'], timeoutSeconds: 1 }, reason: 'TestFailed', says: /did not end within 1 s/ },
  { when: 'its folder is not there', files: app, build: { folder: 'other' }, reason: 'ImageInvalid', says: /no such folder/ },
  { when: 'its image file is wrong', files: { 'app/image.json': '{"entrypoint":1}' }, build: { folder: 'app' }, reason: 'ImageInvalid', says: /entrypoint must be/ },
])('a commit goes nowhere when $when', async ({ files, build, reason, says }) => {
  push(files as Record<string, string>, 'Begin');
  start();
  await follow({ build });
  await readyIs({ status: 'False', reason, message: expect.stringMatching(says) as string });
  expect(await builds()).toEqual([]);
});

test('a build that was cut off is made when the controllers are back', async () => {
  const commit = push(app, 'Begin');
  const end = start();
  await follow({ build: { folder: 'app', test: ['sh', '-c', 'if [ -f $HOME/second ]; then exit 0; fi; touch $HOME/first; sleep 600'] } });
  await vi.waitFor(() => expect(existsSync(join(root, 'home', 'first'))).toBe(true), DEADLINE);
  await end();
  expect(await builds()).toEqual([]);
  writeFileSync(join(root, 'home', 'second'), '');
  start();
  await vi.waitFor(async () => expect(await builds()).toMatchObject([{ commit }]), DEADLINE);
});

test('what is wrong with the place is said, and followed again when it is right', async () => {
  const first = push(app, 'Begin');
  start();
  await follow({ build: { folder: 'app' } });
  await readyIs({ status: 'True' });
  git.refuse(503);
  await readyIs({ status: 'False', reason: 'Unreachable', message: expect.stringContaining('503') as string });
  git.refuse(undefined);
  await readyIs({ status: 'True' });
  run('-C', join(root, 'shop.git'), 'branch', '-m', 'main', 'trunk');
  await readyIs({ status: 'False', reason: 'BranchMissing' });
  run('-C', join(root, 'shop.git'), 'branch', '-m', 'trunk', 'main');
  await readyIs({ status: 'True' });
  run('-C', clone, 'commit', '-q', '--amend', '-m', 'Another beginning');
  const rewritten = push({}, 'On it', '--force');
  await readyIs({ status: 'False', reason: 'HistoryRewritten', message: expect.stringContaining(first.slice(0, 10)) as string });
  expect(await builds()).toHaveLength(1);
  await client.patch(Sources, key, { spec: { git: { onRewrite: 'follow' } } });
  await vi.waitFor(async () => expect((await builds()).map((b) => b.commit)).toContain(rewritten), DEADLINE);
});

test('repositories of the machine itself are not followed where others make Sources', async () => {
  push(app, 'Begin');
  start();
  await follow({ url: `file://${root}/shop.git` });
  await readyIs({ status: 'False', reason: 'NotAllowed' });
});

test('a signed webhook makes the push seen at once; another changes nothing', async () => {
  push(app, 'Begin');
  const receiver = hookReceiver({ host: '127.0.0.1', port: 0, log: silentLogger });
  start({ hooks: receiver });
  await client.create(Secrets, { metadata: { namespace, name: 'hook' }, stringData: { secret: 'whsec-1' } });
  await follow({ pollSeconds: 86_400, webhookSecretRef: { name: 'hook' }, build: { folder: 'app' } });
  await readyIs({ status: 'True' });
  const second = push({ 'app/run.sh': 'echo 2' }, 'Go on');
  const body = JSON.stringify({ ref: 'refs/heads/main', after: second });
  const send = async (headers: Record<string, string>, at = 'default/shop', method = 'POST') => (await fetch(`${receiver.address()}/hooks/${at}`, { method, headers: { connection: 'close', ...headers }, ...(method === 'POST' && { body }) })).status;
  expect(await send({ 'x-hub-signature-256': 'sha256=0' })).toBe(401);
  expect(await send({})).toBe(401);
  expect(await send({ 'x-gitlab-token': 'whsec-1' }, 'default/other')).toBe(404);
  expect(await send({}, 'default/shop', 'GET')).toBe(405);
  expect(await builds()).toHaveLength(1);
  expect(await send({ 'x-hub-signature-256': `sha256=${createHmac('sha256', 'whsec-1').update(body).digest('hex')}` })).toBe(202);
  await vi.waitFor(async () => expect((await builds()).map((b) => b.commit)).toContain(second), DEADLINE);
});

test('controllers that build no images say so, and count what CI pushed', async () => {
  const commit = push(app, 'Begin');
  start({}, false);
  await follow();
  await readyIs({ status: 'False', reason: 'NoBuilder' });
  await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: 'shop-v1' }, spec: { application: 'shop', version: 'v1', image: `shop@sha256:${'0'.repeat(64)}`, commit } });
  await readyIs({ status: 'True', message: expect.stringContaining('shop-v1') as string });
});

test.skipIf(!hasRegistry)('the highest tag in a range becomes a Build, and one that is moved is told', async () => {
  const registry = await startRegistry();
  stopping.push(() => registry.stop());
  const first = await registry.push('team/shop', 'v1.2.0', 'one');
  await registry.push('team/shop', 'v2.0.0', 'not in range');
  start();
  await client.create(Sources, { apiVersion: API_VERSION, kind: 'Source', metadata: { ...key }, spec: { application: 'shop', registry: { image: `${registry.host}/team/shop`, semver: '1.x', pollSeconds: 1, insecure: true } } });
  await readyIs({ status: 'True' });
  expect(await builds()).toMatchObject([{ version: 'v1.2.0', image: `${registry.host}/team/shop@${first}`, imageTag: `${registry.host}/team/shop:v1.2.0` }]);
  await registry.push('team/shop', 'v1.10.0', 'two');
  await vi.waitFor(async () => expect((await builds()).map((b) => b.version)).toContain('v1.10.0'), DEADLINE);
  await registry.push('team/shop', 'v1.10.0', 'moved');
  await readyIs({ status: 'False', reason: 'TagMoved' });
  expect(await builds()).toHaveLength(2);
});
