import { expect, test } from 'vitest';
import type { Build } from '../../api/build/build.ts';
import type { Source } from '../../api/source/source.ts';
import type { Found, ObservedSource } from './observe.ts';
import { reconcile } from './reconcile.ts';

const COMMIT = 'c'.repeat(40), BEFORE = 'b'.repeat(40), DIGEST = `sha256:${'d'.repeat(64)}`;
const found = (over: Partial<Extract<Found, { type: 'commit' }>> = {}): Found => ({ type: 'commit', branch: { url: 'https://git.example.com/shop.git', branch: 'main' }, commit: COMMIT, rewritten: false, ...over });
const tag = (name = 'v1.0.0'): Found => ({ type: 'tag', image: { image: 'registry.example.com/shop', insecure: false }, tag: name, digest: DIGEST });
const build = (spec: Partial<Build['spec']>): Build => ({ metadata: { name: 'shop-v1.0.0' }, spec: { application: 'shop', version: 'v1.0.0', image: 'shop@sha256:1', ...spec } });
const source = (over: { spec?: Partial<Source['spec']>; status?: Source['status']; generation?: number } = {}): Source => ({
  metadata: { namespace: 'default', name: 'shop', generation: over.generation ?? 1 }, spec: { application: 'shop', git: { url: 'https://git.example.com/shop.git' }, ...over.spec }, ...(over.status && { status: over.status }),
});
const failed = { revision: COMMIT, reason: 'TestFailed', verdict: "the test 'npm test' exited with 1", author: 'Ada', message: 'Break it', generation: 1, at: '' };

function decide(over: Partial<ObservedSource>, canBuild = true): string {
  const { action, again } = reconcile({ source: source(), applicationExists: true, builds: [], found: found(), ...over }, canBuild);
  const shown = action.type === 'status' ? `${action.ready.status} ${action.ready.reason}` : `${action.type} ${action.reason}`;
  return again === 'fault' ? `${shown}, later` : shown;
}

test.for<{ when: string; over: Partial<ObservedSource>; canBuild?: boolean; then: string }>([
  { when: 'a new commit', over: {}, then: 'build NewCommit' },
  { when: 'the commit is a Build already, whoever made it', over: { builds: [build({ commit: COMMIT })] }, then: 'True UpToDate' },
  { when: 'its Build is older than the history that is kept', over: { source: source({ status: { built: { revision: COMMIT, build: 'shop-v1', at: '' } } }) }, then: 'True UpToDate' },
  { when: 'the commit broke its tests', over: { source: source({ status: { failed } }) }, then: 'False TestFailed' },
  { when: 'it broke by rules that were changed since', over: { source: source({ status: { failed }, generation: 2 }) }, then: 'build NewCommit' },
  { when: 'another commit broke', over: { source: source({ status: { failed: { ...failed, revision: BEFORE } } }) }, then: 'build NewCommit' },
  { when: 'the history was rewritten', over: { found: found({ rewritten: true }) }, then: 'False HistoryRewritten' },
  { when: 'it was rewritten and that is followed', over: { source: source({ spec: { git: { url: 'x', onRewrite: 'follow' } } }), found: found({ rewritten: true }) }, then: 'build NewCommit' },
  { when: 'nothing builds here', over: {}, canBuild: false, then: 'False NoBuilder' },
  { when: 'CI built what is not built here', over: { builds: [build({ commit: COMMIT })] }, canBuild: false, then: 'True UpToDate' },
  { when: 'it is suspended', over: { source: source({ spec: { suspend: true } }) }, then: 'Unknown Suspended' },
  { when: 'the Application is to come', over: { applicationExists: false }, then: 'False ApplicationMissing' },
  { when: 'the server is away', over: { found: { type: 'fault', reason: 'Unreachable', message: '' } }, then: 'False Unreachable, later' },
  { when: 'a new tag', over: { found: tag() }, then: 'take NewTag' },
  { when: 'the tag is a Build already', over: { found: tag(), builds: [build({ image: `registry.example.com/shop@${DIGEST}` })] }, then: 'True UpToDate' },
  { when: 'a version was pushed again with other content', over: { found: tag(), builds: [build({})] }, then: 'False TagMoved' },
  { when: 'a tag that is no version may move', over: { found: tag('latest'), builds: [build({})] }, then: 'take NewTag' },
  { when: 'a tag needs no builder', over: { found: tag() }, canBuild: false, then: 'take NewTag' },
])('$when', ({ over, canBuild, then }) => expect(decide(over, canBuild)).toBe(then));

test('what broke is told with whose it is', () => {
  const { action } = reconcile({ source: source({ status: { failed } }), applicationExists: true, builds: [], found: found() }, true);
  expect(action).toMatchObject({ ready: { message: "Commit cccccccccc by Ada ('Break it') goes nowhere: the test 'npm test' exited with 1" } });
});
