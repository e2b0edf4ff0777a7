import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Application } from '../../src/api/application/application.ts';
import type { Delivery } from '../../src/api/delivery/delivery.ts';
import type { RecordRepository } from '../../src/api/record-repository/record-repository.ts';
import type { Release } from '../../src/api/release/release.ts';
import { eventually, ROOT, run } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';

const root = mkdtempSync(join(tmpdir(), 'aweigh-rebuilt-'));
const clusters: TestCluster[] = [];
afterAll(async () => {
  for (const cluster of clusters) await cluster.stop();
  rmSync(root, { recursive: true, force: true });
});

async function start(prepare?: (data: string) => void): Promise<TestCluster> {
  const cluster = await TestCluster.start(prepare === undefined ? {} : { prepare });
  clusters.push(cluster);
  return cluster;
}

const setRemote = (cluster: TestCluster) => cluster.aweigh('apply', cluster.file('record.yaml', `apiVersion: aweigh.dev/v1alpha1\nkind: RecordRepository\nmetadata: { name: default }\nspec: { remote: { url: 'file://${root}/record.git' } }\n`));
const tracks = async (cluster: TestCluster) => (await cluster.get<Delivery>('delivery', APPLICATION)).spec.tracks;
const waits = (release: Release | undefined) => release?.status?.tracks?.find((t) => t.name === 'free')?.gates?.some((g) => g.name === 'go' && g.state === 'Waiting') ?? false;

test('a cluster lost in mid-release and built anew from git alone holds the same versions, sizes and shares, and the release goes on from there', async () => {
  expect((await run('git', ['init', '-q', '--bare', '--initial-branch=main', join(root, 'record.git')])).code).toBe(0);
  const lost = await start();
  await lost.applyExample((application: Application) => {
    const free = application.spec.tracks.find((t) => t.name === 'free');
    if (free !== undefined) free.gates = [{ name: 'go', approval: {} }];
  });
  await setRemote(lost);
  await lost.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await lost.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
  await lost.push('v1.18.0', versionFolder('v1.18.0'));
  await eventually('v1.18.0 to wait on the free track', async () => (waits(await lost.release('v1.18.0')) ? true : undefined), 120_000);
  const before = await tracks(lost);
  const path = await lost.plane.record();
  const head = async (folder: string): Promise<string> => (await run('git', ['-C', folder, 'rev-parse', 'main'])).out.trim();
  await eventually('the remote to have every commit', async () => ((await head(path)) === (await head(join(root, 'record.git'))) && (await run('git', ['-C', path, 'status', '--porcelain'])).out === '' ? true : undefined), 60_000);
  await lost.plane.down();

  // Images are no part of the record: the nodes' registry outlives the cluster.
  const fresh = await start((data) => cpSync(join(lost.data, 'images'), join(data, 'images'), { recursive: true }));
  await fresh.aweigh('apply', join(ROOT, 'examples', APPLICATION, 'profile-service.yaml'));
  await setRemote(fresh);
  await eventually('the same tracks', async () => (JSON.stringify(await tracks(fresh).catch(() => [])) === JSON.stringify(before) ? true : undefined), 60_000);
  await eventually('v1.18.0 to wait where it waited', async () => (waits(await fresh.release('v1.18.0')) ? true : undefined), 120_000);
  expect(await tracks(fresh)).toEqual(before);
  expect((await fresh.get<RecordRepository>('recordrepository', 'default')).status?.conditions).toContainEqual(expect.objectContaining({ type: 'Restored', status: 'True' }));
  await fresh.aweigh('release', 'approve', APPLICATION);
  expect((await fresh.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
  expect((await fresh.get<{ items: Release[] }>('releases')).items.map((r) => r.metadata?.name).sort()).toEqual([`${APPLICATION}-v1.17.0`, `${APPLICATION}-v1.18.0`]);
});
