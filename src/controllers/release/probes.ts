import type { AnalysisGate, AnalysisMetric, Gate } from '../../api/application/application.ts';
import { resolveApplication } from '../../api/application/defaults.ts';
import { backendName, routerName } from '../../api/names.ts';
import { keyString, type ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { stageGates } from './advance.ts';
import { ANALYSIS_DEFAULTS, judgeAnalysis, type QueryAnswer, type Sample } from './analysis.ts';
import { gateKind, type GateStatus } from './gates.ts';
import type { AskWebhook, MetricsSource } from './metrics-source.ts';
import { gateKey, nameOf, versionOf, type GateVerdict, type Observed } from './observed.ts';

const WEBHOOK_INTERVAL_MS = 5_000;
const SAMPLE_TIMEOUT_MS = 2_000;

export interface ProbeSources {
  readonly metrics?: MetricsSource;
  readonly askWebhook?: AskWebhook;
}

/** A version on a track, as queries name it. */
interface Side {
  readonly backend: string;
  readonly track: string;
  readonly version: string;
}

/** A gate that looks outside the cluster and is open now. */
export interface OpenProbe {
  readonly id: string;
  readonly release: string;
  readonly build: string;
  readonly track: string;
  readonly gate: Gate;
  readonly status: GateStatus;
  readonly candidate: Side;
  readonly production?: Side;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

/** Every analysis and webhook gate that waits for its next answer. Pure. */
export function openProbes(observed: Observed): OpenProbe[] {
  const spec = resolveApplication(observed.application);
  const last = observed.delivery?.spec.tracks.at(-1);
  const side = (track: string, build: string): Side => ({ backend: backendName(track, versionOf(observed, build)), track, version: versionOf(observed, build) });
  const production = last?.serving === undefined ? undefined : side(last.name, last.serving);
  return observed.releases.flatMap((release) => {
    if (release.status?.phase !== 'Progressing' && release.status?.phase !== 'Paused') return [];
    return (release.status.tracks ?? []).flatMap((entry) => {
      const track = spec.tracks.find((t) => t.name === entry.name);
      if (track === undefined || entry.phase !== 'Verifying') return [];
      const { gates, prefix } = stageGates(track, entry);
      return gates.flatMap((gate): OpenProbe[] => {
        const status = entry.gates?.find((g) => g.name === `${prefix}${gate.name}`);
        const kind = gateKind(gate);
        if (status === undefined || (kind !== 'analysis' && kind !== 'webhook') || (status.state !== 'Waiting' && status.state !== 'Running')) return [];
        const intervalMs = 'analysis' in gate ? (gate.analysis.intervalSeconds ?? ANALYSIS_DEFAULTS.intervalSeconds) * 1000 : WEBHOOK_INTERVAL_MS;
        const lastAt = Number(status.values?.['sampledAt'] ?? 0);
        return [{
          id: gateKey(nameOf(release), entry.name, status.name), release: nameOf(release), build: release.spec.build, track: entry.name, gate, status,
          candidate: side(entry.name, release.spec.build), ...(production && { production }), dueAt: lastAt === 0 ? 0 : lastAt + intervalMs,
        }];
      });
    });
  });
}

/** Asks in the background, so that no slow server holds up an abort; an answer wakes the Application. */
export class Probes {
  readonly #context: ControllerContext;
  readonly #sources: ProbeSources;
  readonly #running = new Set<string>();
  readonly #answers = new Map<string, GateVerdict>();
  /** Applications with an answer of that kind. */
  readonly #failed = new Set<string>();
  #enqueue: (key: ObjectKey) => void = () => {};

  constructor(context: ControllerContext, sources: ProbeSources) {
    this.#context = context;
    this.#sources = sources;
  }

  start(enqueue: (key: ObjectKey) => void): void {
    this.#enqueue = enqueue;
  }

  /** The answers that are there, each given once; asks for what is due. Returns also when the next is due. */
  collect(key: ObjectKey, observed: Observed): { readonly verdicts: ReadonlyMap<string, GateVerdict>; readonly dueAt: number } {
    const verdicts = new Map<string, GateVerdict>();
    let dueAt = Infinity;
    this.#failed.delete(keyString(key));
    for (const probe of openProbes(observed)) {
      const id = `${key.namespace}/${probe.id}`;
      const answer = this.#answers.get(id);
      if (answer !== undefined && Number(answer.values?.['sampledAt'] ?? 0) > Number(probe.status.values?.['sampledAt'] ?? 0)) {
        verdicts.set(probe.id, answer);
        continue;
      }
      this.#answers.delete(id);
      if (this.#running.has(id)) continue;
      if (probe.dueAt > observed.now) dueAt = Math.min(dueAt, probe.dueAt);
      else void this.#ask(id, key, probe);
    }
    return { verdicts, dueAt };
  }

  /** An answer that fails a release of the Application waits to be collected. */
  hasFailed(key: ObjectKey): boolean {
    return this.#failed.has(keyString(key));
  }

  async #ask(id: string, key: ObjectKey, probe: OpenProbe): Promise<void> {
    this.#running.add(id);
    try {
      const signal = AbortSignal.any([this.#context.signal, AbortSignal.timeout(30_000)]);
      const answer = 'analysis' in probe.gate ? await this.#analyse(key, probe, probe.gate.analysis, signal) : await this.#webhook(key, probe, signal);
      this.#answers.set(id, answer);
      if (answer.state === 'Failed') this.#failed.add(keyString(key));
    } finally {
      this.#running.delete(id);
      if (!this.#context.signal.aborted) this.#enqueue(key);
    }
  }

  async #analyse(key: ObjectKey, probe: OpenProbe, gate: AnalysisGate, signal: AbortSignal): Promise<GateVerdict> {
    const { metrics } = this.#sources;
    const timed = AbortSignal.any([signal, AbortSignal.timeout(SAMPLE_TIMEOUT_MS)]);
    let fault: string | undefined;
    const counters = await metrics?.counters({ namespace: key.namespace, name: routerName(key.name) }, timed).catch((error: unknown) => {
      fault = messageOf(error);
      return undefined;
    });
    const queries = await Promise.all(gate.metrics.map(async (metric) => [metric.name, await this.#query(key, probe, metric, timed)] as const));
    const candidate = counters?.get(probe.candidate.backend);
    const production = probe.production === undefined ? undefined : counters?.get(probe.production.backend);
    const sample: Sample = { at: this.#context.clock.now(), queries: Object.fromEntries(queries), ...(candidate && { candidate }), ...(production && { production }) };
    const verdict = judgeAnalysis(gate, probe.status.values ?? {}, sample, Date.parse(probe.status.startedAt ?? '') || sample.at);
    return fault === undefined || verdict.state === 'Passed' || verdict.state === 'Failed' ? verdict : { ...verdict, message: `${verdict.message} (${fault})` };
  }

  /** Undefined where the routers measure it. */
  async #query({ namespace = '', name }: ObjectKey, probe: OpenProbe, { source, maxRatioToProduction }: AnalysisMetric, signal: AbortSignal): Promise<QueryAnswer | undefined> {
    const { metrics } = this.#sources;
    if (!('prometheus' in source) || metrics === undefined) return undefined;
    const { url, query } = source.prometheus;
    const answer: { value?: number; production?: number; fault?: string } = {};
    const ask = async (field: 'value' | 'production', side: Side): Promise<void> => {
      try {
        answer[field] = await metrics.query(url, fillQuery(query, { ...side, namespace, application: name }), signal);
      } catch (error) {
        answer.fault ??= messageOf(error);
      }
    };
    await Promise.all([ask('value', probe.candidate), ...(maxRatioToProduction === undefined || probe.production === undefined ? [] : [ask('production', probe.production)])]);
    return answer;
  }

  async #webhook(key: ObjectKey, probe: OpenProbe, signal: AbortSignal): Promise<GateVerdict> {
    const values = () => ({ sampledAt: this.#context.clock.now() });
    if (!('webhook' in probe.gate) || this.#sources.askWebhook === undefined) return { state: 'Running', message: 'Webhooks are not set up here', values: values() };
    const { url, timeoutSeconds = 10 } = probe.gate.webhook;
    try {
      const { verdict, message } = await this.#sources.askWebhook(url, { namespace: key.namespace, application: key.name, release: probe.release, build: probe.build, track: probe.track, gate: probe.status.name }, timeoutSeconds * 1000, signal);
      const state = verdict === 'pass' ? 'Passed' : verdict === 'fail' ? 'Failed' : 'Running';
      return { state, message: message ?? `The webhook says ${verdict}`, values: values() };
    } catch (error) {
      return { state: 'Running', message: `The webhook did not answer: ${messageOf(error)}; asking again`, values: values() };
    }
  }
}

/** Other `${…}` stay as they are. */
function fillQuery(query: string, values: Side & { readonly namespace: string; readonly application: string }): string {
  return query.replaceAll(/\$\{(backend|track|version|namespace|application)\}/g, (_, name: keyof typeof values) => values[name]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
