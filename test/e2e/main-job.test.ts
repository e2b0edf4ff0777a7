import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AWEIGH, run } from './command-line.ts';

/** As an ordinary user: root in a user namespace where it is not root has no rights over files but an owner's. */
const asOrdinaryUser = process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=1000', '--'] : [];

test.for([
  { router: 'haproxy', who: [] },
  { router: 'builtin', who: asOrdinaryUser },
] as const)('a release from internal to production under load fails no request and keeps every cohort: $router', async ({ router, who }) => {
  const [program, ...args] = [...who, ...AWEIGH, 'demo', '--once', '--output', 'json', '--rate', '500', '--router', router];
  const { code, out, err } = await run(program!, args);
  const lines = out.trim().split('\n');
  const last = lines.at(-1) ?? '';
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
  expect(code, err).toBe(0);
  expect(existsSync(/^Starting a cluster in (.*)$/.exec(lines[0] ?? '')?.[1] ?? '/'), 'what the demo made is gone').toBe(false);
});
