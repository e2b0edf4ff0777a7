import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_VERSION } from '../../src/api/group.ts';
import { Applications, ReleasePolicies, Releases } from '../../src/api/kinds.ts';
import { ENDED_PHASES, WAITING, type Release } from '../../src/api/release/release.ts';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

const RATE = 60;
const namespace = 'default';
const BOTH = [APPLICATION, 'billing-service'] as const;
let cluster: TestCluster;
let traffic: readonly Traffic[];

beforeAll(async () => {
  cluster = await TestCluster.start({ router: 'haproxy' });
  for (const name of BOTH) {
    await cluster.applyExample((application) => {
      application.metadata = { ...application.metadata, name };
      const { spec } = application;
      const smoke = spec.tracks[0]?.gates?.filter((gate) => 'testJob' in gate);
      spec.tracks = spec.tracks.filter((t) => t.name === 'free' || t.name === 'production').map((t) => ({ ...t, replicas: 1, ...(t.name === 'free' && { percent: 50, gates: smoke }) }));
      spec.router = { ...spec.router, replicas: 1, floor: 1 };
    });
    await push(name, 'v1.17.0');
  }
  for (const name of BOTH) expect((await ended(name, 'v1.17.0')).status?.phase).toBe('Completed');
  traffic = await Promise.all(BOTH.map((name) => Traffic.start(cluster, RATE, undefined, name)));
});
afterAll(() => cluster?.stop());

const push = (name: string, version: string, folder = versionFolder('v1.18.0'), ...more: string[]): Promise<string> => cluster.aweigh('push', name, folder, '--version', version, ...more);
const release = async (name: string, version: string): Promise<Release | undefined> => (await cluster.client()).get(Releases, { namespace, name: `${name}-${version}` }).catch(() => undefined);
const ended = (name: string, version: string): Promise<Release> => eventually(`the end of ${name}-${version}`, async () => {
  const found = await release(name, version);
  return ENDED_PHASES.includes(found?.status?.phase ?? 'Pending') ? found : undefined;
}, 240_000);
const waitsFor = (name: string, version: string, reason: string): Promise<true> => eventually(`${name}-${version} to wait: ${reason}`, async () => {
  const { conditions, startedAt } = (await release(name, version))?.status ?? {};
  expect(startedAt, 'it may not begin').toBeUndefined();
  return conditions?.some((c) => c.type === WAITING && c.status === 'True' && c.reason === reason) === true ? true : undefined;
}, 60_000);
const serves = async (name: string): Promise<Record<string, string | undefined>> => Object.fromEntries(((await (await cluster.client()).get(Applications, { namespace, name })).status?.tracks ?? []).map((t) => [t.name, t.version]));
const everywhere = (version: string) => ({ free: version, production: version });
const at = (found: Release, track: string, what: 'startedAt' | 'verifiedAt'): number => Date.parse(found.status?.tracks?.find((t) => t.name === track)?.[what] ?? '');

test('the releases of a group go track by track in the order of their names, and all are complete', async () => {
  const group = ['--group', `sale=${BOTH.join(',')}`, '--in-order'];
  await push(BOTH[1], 'v2.0.0', undefined, ...group);
  await waitsFor(BOTH[1], 'v2.0.0', 'Group');
  await push(BOTH[0], 'v2.0.0', undefined, ...group);
  const [first, second] = [await ended(BOTH[0], 'v2.0.0'), await ended(BOTH[1], 'v2.0.0')];
  expect([first.status?.phase, second.status?.phase], second.status?.message).toEqual(['Completed', 'Completed']);
  for (const track of ['free', 'production']) expect(at(second, track, 'startedAt'), `${BOTH[1]} comes to ${track} when ${BOTH[0]} has passed there`).toBeGreaterThanOrEqual(at(first, track, 'verifiedAt'));
  expect(at(first, 'production', 'startedAt')).toBeGreaterThanOrEqual(at(second, 'free', 'verifiedAt'));
});

test('one of a group that fails takes the others back', async () => {
  const group = ['--group', `flop=${BOTH.join(',')}`];
  const failing = join(cluster.data, 'failing');
  cpSync(versionFolder('v1.18.0'), failing, { recursive: true });
  writeFileSync(join(failing, 'smoke.ts'), 'process.exit(1);\n');
  await push(BOTH[0], 'v3.0.0', undefined, ...group);
  await push(BOTH[1], 'v3.0.0', failing, ...group);
  expect((await ended(BOTH[1], 'v3.0.0')).status?.phase).toBe('Failed');
  const other = await ended(BOTH[0], 'v3.0.0');
  expect(other.status?.phase).toBe('Failed');
  expect(other.status?.history?.map((h) => h.reason)).toContain('GroupAborted');
  for (const name of BOTH) expect(await serves(name)).toEqual(everywhere('v2.0.0'));
});

test("a policy's freeze keeps releases from their first track, and its bound lets them go one after the other", async () => {
  const client = await cluster.client();
  const policy = (spec: object) => client.apply(ReleasePolicies, { apiVersion: API_VERSION, kind: 'ReleasePolicy', metadata: { name: 'installation' }, spec }, { fieldManager: 'test', force: true });
  await policy({ releasesInMotion: 1, freezeWindows: [{ name: 'sale', schedule: '* * * * *', durationSeconds: 3_600, reason: 'no risk today' }] });
  for (const name of BOTH) await push(name, 'v4.0.0');
  for (const name of BOTH) await waitsFor(name, 'v4.0.0', 'Frozen');
  await policy({ releasesInMotion: 1 });
  await eventually('one to wait for the place of the other', async () => {
    const all = await Promise.all(BOTH.map((name) => release(name, 'v4.0.0')));
    return all.some((r) => r?.status?.conditions?.some((c) => c.type === WAITING && c.reason === 'NoPlace')) ? true : undefined;
  }, 60_000);
  const [a, b] = await Promise.all(BOTH.map((name) => ended(name, 'v4.0.0')));
  expect([a?.status?.phase, b?.status?.phase]).toEqual(['Completed', 'Completed']);
  const [first, second] = [a?.status, b?.status].sort((x, y) => Date.parse(x?.startedAt ?? '') - Date.parse(y?.startedAt ?? ''));
  expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.completedAt ?? ''));
});

test('through all of it no request of either failed, nobody was misrouted and no user changed version without cause', async () => {
  for (const [i, load] of traffic.entries()) {
    await load.more(RATE);
    const { examples, ...verdict } = await load.verdict();
    expect(verdict, `${BOTH[i]}\n${examples.join('\n')}`).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0 });
    expect(verdict.switchIntervalsMs.length).toBeGreaterThan(0);
  }
});
