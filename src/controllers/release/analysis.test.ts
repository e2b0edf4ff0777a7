import { expect, test } from 'vitest';
import type { AnalysisGate } from '../../api/application/application.ts';
import { judgeAnalysis } from './analysis.ts';

const gate: AnalysisGate = {
  durationSeconds: 10,
  metrics: [{ name: 'errors', source: { router: 'errorRatio' }, max: 0.01, consecutiveFailures: 2 }],
};

/** Samples a second apart, as [requests, errors] of the candidate and of production since the last one; undefined: no answer. */
function run(analysis: AnalysisGate, samples: ([number, number, number?, number?] | undefined)[], queries: (number | undefined)[] = []) {
  let values = {};
  const sum = { total: 0, errors: 0 };
  const production = { total: 0, errors: 0 };
  const states: string[] = [];
  let message = '';
  samples.forEach((sample, i) => {
    if (sample !== undefined) {
      sum.total += sample[0]; sum.errors += sample[1];
      production.total += sample[2] ?? 0; production.errors += sample[3] ?? 0;
    }
    const verdict = judgeAnalysis(analysis, values, { at: (i + 1) * 1000, queries: { q: queries[i] === undefined ? undefined : { value: queries[i] } }, ...(sample && { candidate: { ...sum }, production: { ...production } }) }, 0);
    values = verdict.values ?? {};
    states.push(verdict.state);
    message = verdict.message;
  });
  return { states, last: states.at(-1), message };
}

const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

test('passes when all went well for its time', () => {
  expect(run(gate, times(11, [100, 0])).states).toEqual([...times(9, 'Running'), 'Passed', 'Passed']);
});

test('gives no verdict before the minimum sample, and is inconclusive without it', () => {
  const { states, message } = run(gate, times(12, [1, 1]));
  expect(states.slice(0, 9)).toEqual(times(9, 'Running'));
  expect(states.at(-1)).toBe('Inconclusive');
  expect(message).toBe('11 of at least 100 requests seen');
});

test('fails after so many failures in a row', () => {
  expect(run(gate, [[200, 0], [200, 0], [200, 50], [200, 50]]).states).toEqual(['Running', 'Running', 'Running', 'Failed']);
  expect(run(gate, [[200, 0], [200, 0], [200, 50], [200, 0], [200, 0], [200, 50], [200, 0]]).last).toBe('Running');
});

test('no data is never success', () => {
  expect(run(gate, times(25, undefined)).last).toBe('Inconclusive');
  const prometheus: AnalysisGate = { durationSeconds: 3, metrics: [{ name: 'q', source: { prometheus: { url: 'http://p', query: 'x' } }, max: 1 }] };
  expect(run(prometheus, times(4, [200, 0]), times(4, undefined)).last).toBe('Running');
  expect(run(prometheus, times(9, [200, 0]), times(9, Number.NaN)).last).toBe('Inconclusive');
  expect(run(prometheus, times(9, [200, 0]), times(9, 0.5)).last).toBe('Passed');
});

test('says why a query gave no number, and never takes that for success', () => {
  const prometheus: AnalysisGate = { durationSeconds: 3, metrics: [{ name: 'q', source: { prometheus: { url: 'http://p', query: 'x' } }, max: 1 }] };
  const judge = (at: number) => judgeAnalysis(prometheus, { requests: 500, candidateLast: 500 }, { at, queries: { q: { fault: 'The query gives NaN at p' } } }, 0);
  expect(judge(1_000)).toMatchObject({ state: 'Running' });
  expect(judge(10_000)).toMatchObject({ state: 'Inconclusive', message: 'q: The query gives NaN at p' });
});

test('a query is compared with what production gives at the same time', () => {
  const relative: AnalysisGate = { durationSeconds: 3, minimumSample: 0, metrics: [{ name: 'q', source: { prometheus: { url: 'http://p', query: 'x' } }, maxRatioToProduction: 1.2, consecutiveFailures: 1 }] };
  const judge = (value: number, production?: number) => judgeAnalysis(relative, {}, { at: 5_000, queries: { q: { value, ...(production !== undefined && { production }) } } }, 0);
  expect(judge(1.1, 1).state).toBe('Passed');
  expect(judge(1.3, 1)).toMatchObject({ state: 'Failed', message: expect.stringMatching(/above 1.2 times production's 1/) });
  expect(judge(1.1)).toMatchObject({ state: 'Running', message: 'q: production has no data to compare with' });
});

test('limits count failures in all and successes in a row', () => {
  const limited = (change: Partial<AnalysisGate['metrics'][number]>): AnalysisGate => ({ durationSeconds: 6, minimumSample: 10, metrics: [{ name: 'q', source: { prometheus: { url: 'http://p', query: 'x' } }, max: 1, ...change }] });
  const samples = times(12, [200, 0] as [number, number]);
  expect(run(limited({ failureLimit: 3 }), samples, [0, 2, 0, 2, 0, 2, 0]).states.slice(0, 6)).toEqual([...times(5, 'Running'), 'Failed']);
  expect(run(limited({ consecutiveSuccesses: 4 }), samples, [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]).states.slice(5, 10)).toEqual(['Running', 'Running', 'Running', 'Passed', 'Passed']);
});

test('a dry-run metric is measured and never fails the gate', () => {
  const dry: AnalysisGate = { ...gate, metrics: [{ ...gate.metrics[0]!, dryRun: true }] };
  expect(run(dry, times(11, [200, 200])).last).toBe('Passed');
});

test('compares with production at the same time: equal trouble on both is no fault of the new version', () => {
  const relative: AnalysisGate = { durationSeconds: 5, metrics: [{ name: 'errors', source: { router: 'errorRatio' }, maxRatioToProduction: 1.5, consecutiveFailures: 2 }] };
  expect(run(relative, times(6, [200, 20, 200, 20])).last).toBe('Passed');
  expect(run(relative, times(6, [200, 20, 200, 2])).states).toContain('Failed');
});

test('routers that restart do not count as a fall of errors or requests', () => {
  let values = {};
  for (const [i, total] of [500, 700, 40, 300].entries()) {
    const verdict = judgeAnalysis(gate, values, { at: i * 1000, queries: {}, candidate: { total, errors: 0 } }, 0);
    values = verdict.values ?? {};
  }
  expect(values).toMatchObject({ requests: 460 });
});

/** Samples a second apart with these many answers of 10 ms and of 200 ms on the candidate and on production. */
function slow(analysis: AnalysisGate, samples: { candidate: [number, number]; production: [number, number] }[]) {
  let values = {};
  const sums = { candidate: { total: 0, errors: 0, latency: {} as Record<number, number> }, production: { total: 0, errors: 0, latency: {} as Record<number, number> } };
  return samples.map((sample, i) => {
    for (const who of ['candidate', 'production'] as const) {
      const sum = sums[who];
      const [fast, late] = sample[who];
      sum.total += fast + late;
      sum.latency = { 11_000: (sum.latency[11_000] ?? 0) + fast, 220_000: (sum.latency[220_000] ?? 0) + late };
    }
    const verdict = judgeAnalysis(analysis, values, { at: (i + 1) * 1000, queries: {}, ...structuredClone(sums) }, 0);
    values = JSON.parse(JSON.stringify(verdict.values)) as typeof values;
    return verdict;
  });
}
const latency = (metric: object): AnalysisGate => ({ durationSeconds: 8, metrics: [{ name: 'p99', source: { router: 'latencyP99Seconds' }, consecutiveFailures: 2, ...metric }] });

test('the latency of the slowest hundredth fails its bound', () => {
  expect(slow(latency({ max: 0.1 }), times(9, { candidate: [199, 1], production: [200, 0] })).at(-1)).toMatchObject({ state: 'Passed', values: { p99: 0.011 } });
  expect(slow(latency({ max: 0.1 }), times(5, { candidate: [195, 5], production: [200, 0] })).at(-1)).toMatchObject({ state: 'Failed', values: { p99: 0.22 } });
});

test('latency is compared with production of the same time', () => {
  const relative = latency({ maxRatioToProduction: 1.5 });
  expect(slow(relative, times(9, { candidate: [100, 100], production: [100, 100] })).at(-1)?.state).toBe('Passed');
  expect(slow(relative, times(9, { candidate: [100, 100], production: [200, 0] })).some((v) => v.state === 'Failed')).toBe(true);
});

test('a window that was filled long ago does not hide a fault that comes late', () => {
  const verdicts = slow({ ...latency({ max: 0.1 }), durationSeconds: 100 }, [...times(50, { candidate: [200, 0] as [number, number], production: [0, 0] as [number, number] }), ...times(4, { candidate: [0, 200] as [number, number], production: [0, 0] as [number, number] })]);
  expect(verdicts.at(49)?.state).toBe('Running');
  expect(verdicts.at(-1)?.state).toBe('Failed');
});

test('what the status keeps of a window stays small', () => {
  const cells = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [1_000 + i * 100, 1_000_000]));
  const { values } = judgeAnalysis(latency({ max: 1 }), {}, { at: 1_000, queries: {}, candidate: { total: 6e7, errors: 0, latency: cells }, production: { total: 6e7, errors: 0, latency: cells } }, 0);
  expect(JSON.stringify(values).length).toBeLessThan(2_500);
});
