import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordRepository } from '../../src/api/record-repository/record-repository.ts';
import type { Source } from '../../src/api/source/source.ts';
import { openImageStore } from '../../src/engine/images/image-store.ts';
import { startRegistry, type TestRegistry } from '../../src/providers/registry/registry-fixture.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { eventually, run } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';

let cluster: TestCluster;
let clone: string, remote: string;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.applyExample();
  clone = join(cluster.data, 'work');
  remote = join(cluster.data, 'team.git');
  mkdirSync(clone);
  await git('init', '-q', '--bare', '--initial-branch=main', remote);
  await git('init', '-q', '--bare', '--initial-branch=main', join(cluster.data, 'record.git'));
  await git('init', '-q', '--initial-branch=main', clone);
});
afterAll(() => cluster?.stop());

async function git(...args: string[]): Promise<string> {
  const { code, out, err } = await run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args]);
  expect(code, err).toBe(0);
  return out.trim();
}

async function push(message: string, change: () => void, tag?: string): Promise<string> {
  change();
  await git('-C', clone, 'add', '-A');
  await git('-C', clone, 'commit', '-q', '-m', message);
  if (tag !== undefined) await git('-C', clone, 'tag', tag);
  await git('-C', clone, 'push', '-q', '--tags', remote, 'HEAD:main');
  return git('-C', clone, 'rev-parse', 'HEAD');
}

/** A git server on loopback, of the bare repositories in the cluster's folder. */
async function gitServer(): Promise<string> {
  const port = await freePort();
  const server = spawn(join(await git('--exec-path'), 'git-daemon'), ['--reuseaddr', '--export-all', '--enable=receive-pack', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${cluster.data}`], { stdio: 'ignore' });
  cluster.onStop(() => server.kill('SIGKILL'));
  const url = `git://127.0.0.1:${port}`;
  await eventually('the git server', () => git('ls-remote', `${url}/team.git`));
  return url;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** As a CI job does: an image of the nodes' store, whole. */
async function pushTo(registry: TestRegistry, name: string, tag: string): Promise<string> {
  const images = openImageStore(join(cluster.data, 'images'));
  const { digest, manifest } = await images.resolve(`${registry.host}/${name}:${tag}`);
  const bytes = (of: string): Buffer => readFileSync(images.blobs.pathOf(of));
  return registry.put(name, tag, { manifest: bytes(digest), blobs: [manifest.config, ...manifest.layers].map((blob) => bytes(blob.digest)) });
}

const sourceSays = (says: RegExp): Promise<true> => eventually(`the Source to say ${String(says)}`, async () => {
  const text = await cluster.aweigh('source', 'status', APPLICATION);
  if (!says.test(text)) throw new Error(text);
  return true as const;
});
const source = () => cluster.get<Source>('source', APPLICATION);

if (isEmbedded) {
  test('a push to the branch that a Source follows is built, tested and released, and a broken one goes nowhere', async () => {
    const commit = await push('Begin', () => cpSync(versionFolder('v1.17.0'), join(clone, 'app'), { recursive: true }), 'v1.17.0');
    await cluster.aweigh('source', 'add', APPLICATION, '--git', `file://${remote}`, '--folder', 'app', '--test', 'test -f server.ts && ! grep -q broken server.ts');
    expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
    expect(await cluster.get<object>('build', `${APPLICATION}-v1.17.0`)).toMatchObject({ spec: { commit, author: 'Ada', message: 'Begin' } });
    await push('Break it', () => writeFileSync(join(clone, 'app/server.ts'), `${readFileSync(join(clone, 'app/server.ts'), 'utf8')}\n// broken\n`));
    await eventually('the broken commit to be told', async () => ((await source()).status?.failed?.reason === 'TestFailed' ? true : undefined), 90_000);
    expect(await cluster.aweigh('source', 'status', APPLICATION)).toMatch(/Ready: False TestFailed.*\nCommit \w+ by Ada \('Break it'\) goes nowhere: the test .* exited with 1/);
    expect((await cluster.get<{ items: unknown[] }>('builds')).items).toHaveLength(1);
  });
} else {
  test('controllers that build no images say so: what CI pushes of the branch, and what comes into a registry, is released', async () => {
    const commit = await push('Begin', () => cpSync(versionFolder('v1.17.0'), join(clone, 'app'), { recursive: true }), 'v1.17.0');
    await cluster.aweigh('source', 'add', APPLICATION, '--git', `${await gitServer()}/team.git`, '--folder', 'app');
    await sourceSays(/Ready: False NoBuilder[^]*\bCI\b/);
    await cluster.aweigh('push', APPLICATION, join(clone, 'app'), '--version', 'v1.17.0', '--commit', commit, '--message', 'Begin');
    await sourceSays(/Ready: True/);
    expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');

    const registry = await startRegistry();
    cluster.onStop(() => void registry.stop());
    const image = `${registry.host}/team/account`;
    await cluster.aweigh('image', 'build', versionFolder('v1.18.0'), '--tag', `${image}:v1.18.0`);
    await cluster.aweigh('source', 'add', APPLICATION, '--image', image, '--semver', '1.x');
    await cluster.kubectl('patch', 'source', APPLICATION, '--type=merge', '-p', '{"spec":{"registry":{"pollSeconds":1}}}');
    await sourceSays(/Ready: False (NoTag|NotFound)/);
    const digest = await pushTo(registry, 'team/account', 'v1.18.0');
    expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
    expect(await cluster.get<object>('build', `${APPLICATION}-v1.18.0`)).toMatchObject({ spec: { image: `${image}@${digest}` } });
  });
}

test('the record reads as the history of deployments, and stands on a git server too', async () => {
  const there = isEmbedded ? [] : ['--record', await cluster.plane.record()];
  const log = JSON.parse(await cluster.aweigh('record', 'log', APPLICATION, '-o', 'json', ...there)) as { release?: string; who: string; why: string; phase?: string }[];
  expect(log.find((d) => d.release === `${APPLICATION}-v1.17.0`)).toMatchObject({ phase: 'Completed', ...(isEmbedded && { who: 'Ada' }), why: 'Begin' });
  expect(await cluster.aweigh('record', 'log', APPLICATION, ...there)).toMatch(/WHEN +APPLICATION +WHAT +WHO +WHY +ENDED\n/);
  const file = cluster.file('record.yaml', `apiVersion: aweigh.dev/v1alpha1\nkind: RecordRepository\nmetadata: { name: default }\nspec: { remote: { url: '${isEmbedded ? `file://${cluster.data}` : await gitServer()}/record.git' } }\n`);
  await cluster.aweigh('apply', file);
  await eventually('the remote to have every commit', async () => {
    const conditions = (await cluster.get<RecordRepository>('recordrepository', 'default')).status?.conditions ?? [];
    return conditions.some((c) => c.type === 'RemoteBehind' && c.reason === 'Synchronized') ? true : undefined;
  }, 60_000);
  const path = await cluster.plane.record();
  await eventually('the remote to be as the work tree', async () => ((await git('-C', join(cluster.data, 'record.git'), 'rev-parse', 'main')) === (await git('-C', path, 'rev-parse', 'main')) ? true : undefined), 60_000);
});
