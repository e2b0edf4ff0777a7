import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application } from '../../src/api/application/application.ts';
import { eventually, run } from './command-line.ts';
import { APPLICATION, LONGEST_REQUEST_MS, TestCluster, versionFolder } from './test-cluster.ts';
import { routerUrl, Traffic } from './traffic.ts';

const RATE = 100;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  // Connections that nobody uses keep a router until it may drain no longer.
  await cluster.applyExample(({ spec }) => { spec.router = { ...spec.router, drainSeconds: 3 }; });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
const deadline = (seconds: number): Promise<string> => cluster.kubectl('patch', 'application', APPLICATION, '--type=merge', '-p', JSON.stringify({ spec: { progressDeadlineSeconds: seconds } }));
afterAll(() => cluster?.stop());

/** A copy of v1.18.0 with one file changed. */
function spoiled(name: string, file: string, change: (text: string) => string): string {
  const folder = join(cluster.data, name);
  cpSync(versionFolder('v1.18.0'), folder, { recursive: true });
  writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
  return folder;
}

const served = async (): Promise<Record<string, string | undefined>> => Object.fromEntries((await cluster.get<Application>('application', APPLICATION)).status?.tracks?.map((t) => [t.name, t.version]) ?? []);

test.for([
  { what: 'never becomes ready', version: 'v1.18.1', file: 'server.ts', change: (text: string) => text.replace("answer(outgoing, warm && !draining ? 200 : 503", "answer(outgoing, 503") },
  { what: 'fails its test job', version: 'v1.18.2', file: 'smoke.ts', change: () => 'process.exit(1);\n' },
])('a build that $what goes no further, is rolled back, and nobody outside its track saw it', async ({ version, file, change }) => {
  const traffic = await Traffic.start(cluster, RATE);
  await deadline(12);
  await cluster.push(version, spoiled(version, file, change));
  const release = await cluster.releaseEnds(version);
  expect(release.status?.phase).toBe('Failed');
  await traffic.more(RATE);
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0 });
  expect(new Set(Object.values(await served()))).toEqual(new Set(['v1.17.0']));
  const tracks = release.status?.tracks?.filter((t) => t.name !== 'internal' && t.phase !== 'Queued' && t.phase !== 'Skipped') ?? [];
  expect(tracks).toEqual([]);
});

test('a git revert of a release becomes a rollback Release in the normal order', async () => {
  await deadline(300);
  // A failed build that still leaves would commit between the commits of this release, and a plain revert would conflict with it.
  await eventually('the failed builds to have left', async () => {
    const { items } = await cluster.get<{ items: { spec: { tracks: { builds: unknown[] }[] } }[] }>('deliveries');
    return items.every((d) => d.spec.tracks.every((t) => t.builds.length === 1)) ? true : undefined;
  }, 60_000);
  await cluster.push('v1.18.0', versionFolder('v1.18.0'));
  expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
  const record = await cluster.plane.record();
  const log = (await run('git', ['-C', record, 'log', '--format=%H', '--grep', `Release: ${APPLICATION}-v1.18.0$`])).out.trim().split('\n');
  expect(log.length).toBeGreaterThan(0);
  const traffic = await Traffic.start(cluster, RATE);
  const reverted = await run('git', ['-C', record, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'revert', '--no-edit', ...log]);
  expect(reverted.code, reverted.err).toBe(0);
  await eventually('production to serve v1.17.0', async () => ((await served())['production'] === 'v1.17.0' ? true : undefined), 120_000);
  const releases = await cluster.get<{ items: { spec: { type?: string; build: string } }[] }>('releases');
  expect(releases.items.some((r) => r.spec.type === 'rollback' && r.spec.build === `${APPLICATION}-v1.17.0`)).toBe(true);
  await traffic.more(RATE);
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0 });
});

test('a deleted Application is gone with all that it owns, its routers first: what was under way is answered', async () => {
  const url = await routerUrl(cluster);
  const underWay = Array.from({ length: 20 }, async (_, user) => (await fetch(`${url}/slow?ms=${LONGEST_REQUEST_MS}`, { headers: { 'X-User-Id': `user-${user}` } })).status);
  // Asked after them, answered before them.
  await fetch(`${url}/account`, { headers: { 'X-User-Id': 'user-0' } });
  await cluster.kubectl('delete', 'application', APPLICATION, '--timeout=120s');
  expect(await cluster.kubectl('get', 'pods', '-l', `aweigh.dev/router=${APPLICATION}-haproxy`, '-o', 'name')).toBe('');
  expect(new Set(await Promise.all(underWay))).toEqual(new Set([200]));
  await eventually('everything of it to be gone', async () => ((await cluster.kubectl('get', 'deployments,services,routers,deliveries', '-l', `aweigh.dev/application=${APPLICATION}`, '-o', 'name')) === '' ? true : undefined));
});
