import { expect, test } from 'vitest';
import { AWEIGH, run } from '../e2e/command-line.ts';

const [program, ...args] = AWEIGH;

test('30 releases at once with real programs, routers and requests: all complete, and every request is answered as the rules say', { timeout: 2_880_000 }, async () => {
  const { code, out, err } = await run(program!, [...args, 'demo', 'bitmovin', '--runtime', 'process', '--services', '30', '--releases', '30', '--once', '--output', 'json']);
  const last = out.trim().split('\n').at(-1) ?? '';
  console.log(last);
  expect(last, `${out}\n${err}`).toMatch(/^\{.*\}$/);
  const result = JSON.parse(last) as { concurrent: object; traffic: { examples: string[]; requests: number } };
  expect(result, result.traffic.examples.join('\n')).toMatchObject({
    services: 30, kubernetesServices: 150, health: { healthy: 30 }, concurrent: { releases: 30, completed: 30 }, traffic: { failed: 0, misrouted: 0, cohortChanges: 0 },
  });
  expect(result.traffic.requests).toBeGreaterThan(5_000);
  expect(code, err).toBe(0);
});
