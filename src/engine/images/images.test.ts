import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildImage } from './build-image.ts';
import { openImageStore, type ImageStore } from './image-store.ts';
import { loadArchive } from './load-archive.ts';
import { parseReference } from './reference.ts';
import { unpackLayers } from './unpack.ts';

let folder: string;
let store: ImageStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'));
  store = openImageStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function files(root: string, contents: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, root, name)), { recursive: true });
    await writeFile(join(folder, root, name), text);
  }
  return join(folder, root);
}

const service = { 'image.json': '{"entrypoint":["node","server.ts"],"env":{"A":"1"},"exposedPorts":["8080"]}', 'server.ts': 'x', 'lib/a.ts': 'a' };

test('the same content has the same digest, whenever it was written', async () => {
  const first = await buildImage(await files('a', service), 'app:v1', store);
  const copy = await files('b', service);
  await utimes(join(copy, 'server.ts'), 1, 1);
  const second = await buildImage(copy, 'app:v2', store);
  const other = await buildImage(await files('c', { ...service, 'server.ts': 'y' }), 'app:v3', store);
  expect(second.digest).toBe(first.digest);
  expect(other.digest).not.toBe(first.digest);
  expect((await store.list()).map((i) => i.tags)).toEqual([['app:v1', 'app:v2'], ['app:v3']]);
});

test('an image resolves by tag and by digest, and unpacks to what was packed', async () => {
  const built = await buildImage(await files('a', service), 'app:v1', store);
  const image = await store.resolve(`app@${built.digest}`);
  expect(await store.resolve('docker.io/library/app:v1')).toEqual(image);
  expect(image.run).toMatchObject({ Entrypoint: ['node', 'server.ts'], Env: ['A=1'], ExposedPorts: { '8080/tcp': {} } });
  const [one, two] = await Promise.all([store.unpack(image), openImageStore(store.root).unpack(image)]);
  expect(one).toBe(two);
  expect(await readFile(join(one, 'lib/a.ts'), 'utf8')).toBe('a');
});

test('a folder with a package.json alone runs its main file', async () => {
  await buildImage(await files('a', { 'package.json': '{"main":"dist/main.js"}' }), 'app', store);
  expect((await store.resolve('app:latest')).run.Cmd).toEqual(['node', 'dist/main.js']);
});

test.for([
  { when: 'the folder is missing', contents: undefined, says: /no folder/ },
  { when: 'image.json is no JSON', contents: { 'image.json': '{"a"' }, says: /image\.json is neither JSON nor YAML/ },
  { when: 'a field is unknown', contents: { 'image.json': '{"entrypiont":["a"]}' }, says: /unknown field 'entrypiont'/ },
  { when: 'the entrypoint is no list', contents: { 'image.json': '{"entrypoint":"node"}' }, says: /entrypoint must be a list of words.*"node"/ },
  { when: 'a port is out of range', contents: { 'Imagefile.yaml': 'exposedPorts: [70000]' }, says: /1 to 65535/ },
])('building says what is wrong where $when', async ({ contents, says }) => {
  const root = contents === undefined ? join(folder, 'none') : await files('bad', contents as unknown as Record<string, string>);
  await expect(buildImage(root, 'app:v1', store)).rejects.toThrow(says);
});

test('an unknown tag says which there are and how to build it', async () => {
  await buildImage(await files('a', service), 'app:v1', store);
  await expect(store.resolve('app:v9')).rejects.toThrow(/no image app:v9.*app:v1.*aweigh image build DIR --tag app:v9/);
  expect(() => parseReference('App:v1')).toThrow(/lower-case/);
});

test('a removed tag is gone and the content stays for other tags until pruned', async () => {
  const { digest } = await buildImage(await files('a', service), 'app:v1', store);
  await store.remove('app:v1');
  await expect(store.resolve('app:v1')).rejects.toThrow(/no image/);
  const tree = await store.unpack(await store.resolve(digest));
  expect(await store.prune(new Set([digest, 'other:v1']), Date.now() + 1e9)).toBe(0);
  expect(await store.prune(new Set(), Date.now())).toBe(0);
  expect(await store.prune(new Set(), Date.now() + 1e9)).toBeGreaterThan(0);
  await expect(readFile(join(tree, 'server.ts'))).rejects.toThrow(/ENOENT/);
});

test('tags are told with the newest first', async () => {
  const older = await buildImage(await files('a', service), 'app:v1', store);
  await utimes(join(store.root, 'tags', `${encodeURIComponent('app:v1')}.json`), 1, 1);
  const newer = await buildImage(await files('b', { ...service, more: '' }), 'app:v2', store);
  expect(await store.tags()).toMatchObject([{ tag: 'app:v2', digest: newer.digest }, { tag: 'app:v1', digest: older.digest, taggedAtMs: 1_000 }]);
});

test('an archive of a layout and one of docker save, with compressed layers, load as images', async () => {
  const { digest } = await buildImage(await files('a', service), 'app:v1', store);
  await create({ file: join(folder, 'layout.tar'), cwd: store.root }, ['index.json', 'oci-layout', 'blobs']);
  const second = openImageStore(join(folder, 'second'));
  expect(await loadArchive(join(folder, 'layout.tar'), second)).toEqual([{ digest, tag: 'app:v1' }]);

  const root = await files('saved', { 'manifest.json': JSON.stringify([{ Config: 'c.json', RepoTags: ['docker.io/library/web:1'], Layers: ['l.tar.gz'] }]), 'c.json': JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Cmd: ['x'] }, rootfs: { type: 'layers', diff_ids: [] } }) });
  await create({ file: join(root, 'l.tar.gz'), gzip: true, cwd: join(folder, 'a') }, ['server.ts']);
  execFileSync('tar', ['-czf', join(folder, 'saved.tgz'), '-C', root, '.']);
  expect(await loadArchive(join(folder, 'saved.tgz'), second)).toMatchObject([{ tag: 'web:1' }]);
  const image = await second.resolve('web:1');
  expect(await readFile(join(await second.unpack(image), 'server.ts'), 'utf8')).toBe('x');
  await expect(loadArchive(join(folder, 'a', 'server.ts'), second)).rejects.toThrow(/tar archive|index\.json/);
});

test('upper layers delete what their whiteouts name', async () => {
  await files('low', { 'etc/a': 'a', 'etc/b': 'b', 'var/x': 'x' });
  await files('high', { 'etc/.wh.a': '', 'var/.wh..wh..opq': '', 'var/y': 'y' });
  for (const layer of ['low', 'high']) await create({ file: join(folder, `${layer}.tar`), cwd: join(folder, layer) }, ['etc', 'var']);
  await unpackLayers(join(folder, 'out'), [join(folder, 'low.tar'), join(folder, 'high.tar')]);
  expect(execFileSync('find', ['.', '-type', 'f'], { cwd: join(folder, 'out'), encoding: 'utf8' }).trim().split('\n').sort()).toEqual(['./etc/b', './var/y']);
});

test('no entry leaves the image, by its path or through a link', async () => {
  await files('evil', { x: 'x' });
  execFileSync('tar', ['-cPf', join(folder, 'dots.tar'), '--transform', 's,x,../escaped,', 'x'], { cwd: join(folder, 'evil') });
  await expect(unpackLayers(join(folder, 'out'), [join(folder, 'dots.tar')])).rejects.toThrow(/leads out/);

  await symlink(folder, join(folder, 'evil', 'link'));
  await create({ file: join(folder, 'one.tar'), cwd: join(folder, 'evil') }, ['link']);
  await files('evil2', { 'link/escaped': 'x' });
  await create({ file: join(folder, 'two.tar'), cwd: join(folder, 'evil2') }, ['link/escaped']);
  await unpackLayers(join(folder, 'out2'), [join(folder, 'one.tar'), join(folder, 'two.tar')]).catch(() => undefined);
  await expect(readFile(join(folder, 'escaped'))).rejects.toThrow(/ENOENT/);
});
