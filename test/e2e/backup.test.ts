import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aweigh } from './command-line.ts';
import { TestCluster } from './test-cluster.ts';

let folder: string;
let cluster: TestCluster;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-backup-'));
  cluster = await TestCluster.start();
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a cluster that is backed up while it runs comes back in another directory, and the kubeconfigs of before work', async () => {
  await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1');
  const file = join(folder, 'cluster.tar.gz');
  await cluster.aweigh('backup', file);
  expect(statSync(file).mode & 0o077).toBe(0);
  expect((await cluster.tryAweigh('backup', file)).err).toMatch(/there already/);
  await cluster.kubectl('delete', 'configmap', 'kept');
  expect((await cluster.tryAweigh('restore', file)).err, 'nothing is written over').toMatch(/not empty/);
  await cluster.aweigh('down');

  const restored = TestCluster.in(join(folder, 'restored'));
  expect((await aweigh(['restore', file, '--data', restored.data])).code).toBe(0);
  try {
    await restored.plane.up();
    expect(await restored.get('configmap', 'kept')).toMatchObject({ data: { a: '1' } });
    expect(restored.kubeconfigToken()).toBe(cluster.kubeconfigToken());
  } finally {
    await restored.stop();
  }
});

test('what is no backup is refused, and leaves nothing behind', async () => {
  const file = join(folder, 'text.tar.gz');
  writeFileSync(file, 'no archive');
  const target = join(folder, 'none');
  const { code, err } = await aweigh(['restore', file, '--data', target]);
  expect(code).toBe(1);
  expect(err).toMatch(/no backup/);
  expect(() => statSync(target)).toThrow(/ENOENT/);
});

test.for([
  { when: 'torn in the middle', size: (bytes: number) => Math.floor(bytes / 2) },
  { when: 'emptied', size: () => 0 },
])('aweigh up says that the store is damaged when its file was $when, changes nothing and ends', async ({ when, size }) => {
  const data = join(folder, when.replaceAll(' ', '-'));
  expect((await aweigh(['up', '--detach', '--data', data])).code).toBe(0);
  expect((await aweigh(['down', '--data', data])).code).toBe(0);
  const file = join(data, 'store', 'store.mdb');
  const left = size(statSync(file).size);
  truncateSync(file, left);
  const { code, err } = await aweigh(['up', '--data', data]);
  expect(err).toMatch(/damaged.*aweigh restore/s);
  expect(code).toBe(5);
  expect(statSync(file).size).toBe(left);
  expect((await aweigh(['down', '--data', data])).out).toMatch(/Nothing runs/);
});
