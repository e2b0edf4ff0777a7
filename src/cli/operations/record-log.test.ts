import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecordChange } from '../../controllers/record/repository.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { ManualClock } from '../../runtime/manual-clock.ts';
import { deployments, recordedChanges } from './record-log.ts';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'aweigh-log-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const change = (application: string, content: string, message: string, trailers: Record<string, string>): RecordChange =>
  ({ directory: `applications/default/${application}`, files: new Map([['delivery.yaml', content]]), subject: `${application}: ${message}`, trailers: new Map(Object.entries(trailers)), actor: trailers['Actor'] ?? 'aweigh' });

test('a release is one line: what, when, who, why and how it ended; a commit of many Applications counts for each', async () => {
  const clock = new ManualClock(Date.parse('2026-11-25T10:00:00Z'));
  const repository = await openRepository(directory, { log: silentLogger, clock, environment: { path: process.env['PATH'] ?? '' } });
  const release = { Release: 'shop-v2', Build: 'shop-v2' };
  await repository.commit(change('shop', '1', 'shop-v2 comes to internal', { ...release, Track: 'internal', Phase: 'Progressing', 'Requested-By': 'ada', Because: 'Sell more', Actor: 'aweigh', Reason: 'ScaleUp' }));
  clock.advance(60_000);
  await Promise.all([
    repository.commit(change('cart', '1', 'specs follow the changed Application', { Actor: 'aweigh', Reason: 'ApplicationChanged' })),
    repository.commit(change('shop', '2', 'shop-v2 serves production', { ...release, Track: 'production', Phase: 'Progressing', Actor: 'aweigh', Reason: 'Shift' })),
    repository.commit(change('till', '1', 'till-v1 is the first build', { Release: 'till-v1', Phase: 'Progressing', Actor: 'lin', Reason: 'FirstBuild' })),
  ]);
  clock.advance(60_000);
  await repository.commit(change('shop', '3', 'shop-v2 is on every track', { ...release, Phase: 'Completed', Actor: 'aweigh', Reason: 'Completed' }));
  await repository.close();
  expect(deployments(recordedChanges(directory, 'applications/default/shop', 50))).toMatchObject([
    { application: 'shop', what: 'shop-v2: internal, production', who: 'ada', why: 'Sell more', build: 'shop-v2', phase: 'Completed', outcome: 'shop-v2 is on every track', startedAt: '2026-11-25T10:00:00.000Z', endedAt: '2026-11-25T10:02:00.000Z' },
  ]);
  expect(deployments(recordedChanges(directory, undefined, 50)).map((d) => `${d.application} ${d.why} ${d.phase ?? '-'}`).sort()).toEqual(['cart ApplicationChanged -', 'shop Sell more Completed', 'till FirstBuild Progressing']);
  expect(recordedChanges(directory, undefined, 50)).toHaveLength(5);
});

test('what people committed is theirs', async () => {
  const repository = await openRepository(directory, { log: silentLogger, clock: new ManualClock(0), environment: { path: process.env['PATH'] ?? '' } });
  await repository.commit(change('shop', '1', 'first', { Reason: 'ScaleUp' }));
  await repository.close();
  writeFileSync(join(directory, 'applications/default/shop/delivery.yaml'), 'mine');
  execFileSync('git', ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-qam', 'Try this']);
  expect(recordedChanges(directory, undefined, 1)).toMatchObject([{ application: 'shop', what: 'Try this', who: 'Ada', why: 'CommitByPerson' }]);
});
