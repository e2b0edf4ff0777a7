import { expect, test } from 'vitest';
import { aweigh } from './command-line.ts';

test.for(['haproxy', 'builtin'] as const)('a release from internal to production under load fails no request and keeps every cohort: %s', async (router) => {
  const { code, out, err } = await aweigh(['demo', '--once', '--output', 'json', '--rate', '500', '--router', router]);
  const last = out.trim().split('\n').at(-1) ?? '';
  expect(last, err).toMatch(/^\{.*\}$/);
  const result = JSON.parse(last) as { requests: number; releases: { phase: string }[]; switchIntervalsMs: number[]; recordCommits: number; pods: number };
  expect(result, err).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0, cutByKill: 0, router });
  expect(result.requests).toBeGreaterThan(5_000);
  expect(result.releases.map((r) => r.phase)).toEqual(['Completed', 'Completed']);
  expect(result.recordCommits).toBeGreaterThan(5);
  expect(result.pods).toBeGreaterThanOrEqual(24);
  // How long a switch takes is measured, not asserted: the machine is shared.
  expect(result.switchIntervalsMs.length).toBeGreaterThan(0);
  console.log(`${router}: switch intervals ${result.switchIntervalsMs.join(', ')} ms`);
  expect(code).toBe(0);
});
