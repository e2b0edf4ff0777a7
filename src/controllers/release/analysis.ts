import type { AnalysisGate, AnalysisMetric } from '../../api/application/application.ts';
import { cellsSince, decodeCells, encodeCells, type LatencyCells, quantileSeconds } from './latency.ts';
import type { BackendCounters } from './metrics-source.ts';
import type { GateVerdict } from './observed.ts';

export const ANALYSIS_DEFAULTS = { intervalSeconds: 1, minimumSample: 100, consecutiveFailures: 3 } as const;

/** What was measured at one instant. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Absent: the routers could not be read. */
  readonly candidate?: BackendCounters;
  readonly production?: BackendCounters;
  /** Answers to PromQL metrics, by metric name. */
  readonly queries: Readonly<Record<string, QueryAnswer | undefined>>;
}

/** `production`: the same query for what production serves. */
export interface QueryAnswer {
  readonly value?: number;
  readonly production?: number;
  /** Why a number is missing. */
  readonly fault?: string;
}

type Values = Record<string, number | string>;

/**
 * The verdict after one more sample. All state is in `values`, which the release's status keeps: so it survives any restart.
 * No verdict before the minimum sample; no data is never success; what stays without verdict for too long is inconclusive.
 *
 * @param startedAt when the gate began; milliseconds since the epoch
 */
export function judgeAnalysis(gate: AnalysisGate, values: Values, sample: Sample, startedAt: number): GateVerdict {
  const next: Values = { ...values, sampledAt: sample.at };
  const minimum = gate.minimumSample ?? ANALYSIS_DEFAULTS.minimumSample;
  const countersOf = (counters: BackendCounters | undefined) => (counters === undefined || readsLatency(gate) ? counters : { ...counters, latency: {} });
  const candidate = windowOf(next, 'candidate', countersOf(sample.candidate), minimum);
  const production = windowOf(next, 'production', countersOf(sample.production), minimum);
  const requests = Number(next['requests'] ?? 0);
  const dueAt = startedAt + gate.durationSeconds * 1000;
  const patienceMs = (gate.inconclusiveAfterSeconds ?? gate.durationSeconds) * 1000;

  if (requests < minimum) {
    const message = sample.candidate === undefined && requests === 0 ? 'The routers gave no numbers' : `${requests} of at least ${minimum} requests seen`;
    return { state: sample.at >= startedAt + patienceMs ? 'Inconclusive' : 'Running', message, values: next };
  }
  let unsure: string | undefined;
  for (const metric of gate.metrics) {
    const result = measure(metric, sample, candidate, production);
    if (result.outcome === 'noData') {
      if (!metric.dryRun) unsure ??= `${metric.name}: ${result.why}`;
      continue;
    }
    next[metric.name] = round(result.value);
    const failures = result.outcome === 'failed' ? count(next, `${metric.name}Failures`) : 0;
    next[`${metric.name}Failures`] = failures;
    if (result.outcome === 'passed') {
      const successes = count(next, `${metric.name}Successes`);
      const needed = metric.consecutiveSuccesses ?? 1;
      if (!metric.dryRun && successes < needed) unsure ??= `${metric.name} is ${round(result.value)}, good ${successes} of ${needed} times in a row`;
      continue;
    }
    next[`${metric.name}Successes`] = 0;
    const inAll = count(next, `${metric.name}FailuresInAll`);
    if (metric.dryRun) continue;
    const allowed = metric.consecutiveFailures ?? ANALYSIS_DEFAULTS.consecutiveFailures;
    const verdict = failures >= allowed ? `${failures} times in a row` : inAll >= (metric.failureLimit ?? Infinity) ? `for the ${inAll}th time` : undefined;
    if (verdict !== undefined) return { state: 'Failed', message: `${metric.name} is ${round(result.value)}, ${result.rule}, ${verdict} after ${requests} requests`, values: next };
    unsure ??= `${metric.name} is ${round(result.value)}, ${result.rule} (${failures} of ${allowed})`;
  }
  if (sample.at < dueAt) return { state: 'Running', message: unsure ?? `All metrics are good after ${requests} requests, until ${new Date(dueAt).toISOString()}`, values: next };
  if (unsure === undefined) return { state: 'Passed', message: `All metrics were good for ${gate.durationSeconds} s and ${requests} requests`, values: next };
  return { state: sample.at >= dueAt + patienceMs ? 'Inconclusive' : 'Running', message: unsure, values: next };
}

/** One more. */
function count(values: Values, name: string): number {
  const now = Number(values[name] ?? 0) + 1;
  values[name] = now;
  return now;
}

// Cells are kept in the status only where they are read.
const readsLatency = (gate: AnalysisGate): boolean => gate.metrics.some(({ source }) => 'router' in source && source.router.startsWith('latency'));

interface Window {
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
  readonly latency: LatencyCells;
}

/** The counters at one instant, as the status keeps them. */
interface Mark {
  readonly at: number;
  readonly total: number;
  readonly errors: number;
  readonly latency: LatencyCells;
}

/**
 * The last requests, at least a minimum sample of them and, where they come slowly, at most about two: a late fault is not lost in
 * what went well before, and a slow request or two in a window just begun are no verdict.
 */
function windowOf(values: Values, who: string, counters: BackendCounters | undefined, minimum: number): Window | undefined {
  if (counters === undefined) return undefined;
  const now: Mark = { at: Number(values['sampledAt']), total: counters.total, errors: counters.errors, latency: counters.latency ?? {} };
  const begin = readMark(values[`${who}Begin`]);
  const middle = readMark(values[`${who}Middle`]) ?? begin;
  const last = Number(values[`${who}Last`] ?? begin?.total);
  values[`${who}Last`] = now.total;
  // A router that was replaced counts from zero again.
  if (begin === undefined || middle === undefined || now.total < last) {
    values[`${who}Begin`] = writeMark(now);
    delete values[`${who}Middle`];
    return undefined;
  }
  if (who === 'candidate') values['requests'] = Number(values['requests'] ?? 0) + now.total - last;
  const enough = now.total - middle.total >= Math.max(1, minimum);
  const from = enough ? middle : begin;
  if (enough) {
    values[`${who}Begin`] = writeMark(middle);
    values[`${who}Middle`] = writeMark(now);
  }
  return { requests: now.total - from.total, errors: Math.max(0, now.errors - from.errors), seconds: Math.max(0.001, (now.at - from.at) / 1000), latency: cellsSince(now.latency, from.latency) };
}

const writeMark = ({ at, total, errors, latency }: Mark): string => [at, total, errors, encodeCells(latency)].join(' ');

function readMark(text: number | string | undefined): Mark | undefined {
  if (typeof text !== 'string') return undefined;
  const [at, total, errors, latency = ''] = text.split(' ');
  return { at: Number(at), total: Number(total), errors: Number(errors), latency: decodeCells(latency) };
}

type Measured =
  | { readonly outcome: 'noData'; readonly why: string }
  | { readonly outcome: 'passed'; readonly value: number }
  | { readonly outcome: 'failed'; readonly value: number; readonly rule: string };

function measure(metric: AnalysisMetric, sample: Sample, candidate: Window | undefined, production: Window | undefined): Measured {
  const { source } = metric;
  const answer = 'router' in source ? { value: routerValue(source.router, candidate), production: routerValue(source.router, production) } : sample.queries[metric.name];
  const value = answer?.value;
  const why = answer !== undefined && 'fault' in answer ? answer.fault : undefined;
  if (value === undefined || !Number.isFinite(value)) return { outcome: 'noData', why: why ?? 'no data' };
  if (metric.max !== undefined && value > metric.max) return { outcome: 'failed', value, rule: `above max ${metric.max}` };
  if (metric.min !== undefined && value < metric.min) return { outcome: 'failed', value, rule: `below min ${metric.min}` };
  if (metric.maxRatioToProduction !== undefined) {
    const baseline = answer?.production;
    if (baseline === undefined) return { outcome: 'noData', why: `production has no data to compare with${why === undefined ? '' : `: ${why}`}` };
    if (value > baseline * metric.maxRatioToProduction) return { outcome: 'failed', value, rule: `above ${metric.maxRatioToProduction} times production's ${round(baseline)}` };
  }
  return { outcome: 'passed', value };
}

function routerValue(kind: RouterMetric, window: Window | undefined): number | undefined {
  if (window === undefined) return undefined;
  switch (kind) {
    case 'requestRate': return window.requests / window.seconds;
    case 'errorRatio': return window.requests === 0 ? undefined : window.errors / window.requests;
    case 'latencyP50Seconds': return quantileSeconds(window.latency, 0.5);
    case 'latencyP99Seconds': return quantileSeconds(window.latency, 0.99);
  }
}

type RouterMetric = Extract<AnalysisMetric['source'], { router: unknown }>['router'];

const round = (value: number): number => Math.round(value * 1e6) / 1e6;
