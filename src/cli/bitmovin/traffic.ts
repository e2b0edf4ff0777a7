import { readFileSync } from 'node:fs';
import type { Router } from '../../api/router/router.ts';
import { Routers } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { Services } from '../../client/kinds.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { judge, RoutingTimeline, type Verdict } from '../demo/checker.ts';
import type { LoadProgress } from '../demo/load-process.ts';
import { LoadProcess } from '../demo/load-process.ts';
import type { RequestRecord } from '../demo/request-log.ts';
import { waitFor } from '../operations/wait-for.ts';
import { NAMESPACE } from './installation.ts';

/** Few enough that each comes back to each service many times while a release goes through. */
const USERS = 200;
/** Below the drain time of application.yaml. */
const LONGEST_MS = 2_000;
const LONGEST_RUN_SECONDS = 3_600;
const DEADLINE_MS = 120_000;
const EXAMPLES = 10;
const GROUPS = ['INTERNAL', 'FREE', 'PAID', 'ENTERPRISE'];
const WARM_UP_ROUNDS = 5;
const WARM_UP_TIMEOUT_MS = 5_000;

export interface TrafficOptions {
  readonly client: Client;
  readonly informer: ControllerContext['informer'];
  /** Program and arguments of `aweigh load`. */
  readonly loadCommand: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets one line a request. */
  readonly log: string;
  readonly requestsPerSecond: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface TrafficResult extends Omit<Verdict, 'switchIntervalsMs' | 'cutByKill' | 'examples'> {
  /** Of requests that no service makes wait. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Changes of who gets what, each on all routers of a service. */
  readonly switches: number;
  readonly longestSwitchMs: number;
  /** The first few of what went wrong, for people. */
  readonly examples: readonly string[];
}

/** Requests to every service's routers at an even rate, each sent once, and judged one by one: by its answer, and by who was to answer it. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #load: LoadProcess;
  /** By the URL of the service's routers. */
  readonly #services: ReadonlyMap<string, string>;
  readonly #timelines: ReadonlyMap<string, RoutingTimeline>;
  readonly #unfollow: () => void;

  private constructor(options: TrafficOptions, services: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#services = services;
    this.#timelines = new Map([...services.values()].map((service) => [service, new RoutingTimeline()]));
    this.#unfollow = options.informer(Routers).onChange(({ current }) => { if (current !== undefined) this.#observe(current); });
    for (const router of options.informer(Routers).list(NAMESPACE)) this.#observe(router);
    const [program, ...args] = options.loadCommand;
    this.#load = new LoadProcess([
      program, ...args, '--log', options.log, '--rate', String(options.requestsPerSecond), '--seconds', String(LONGEST_RUN_SECONDS), '--users', String(USERS),
      '--longest-ms', String(LONGEST_MS), '--kinds', 'get', 'slow', 'upload', '--url', ...services.keys(),
    ], options.env);
  }

  static async start(options: TrafficOptions, services: readonly string[]): Promise<Traffic> {
    const { client, clock, informer, signal } = options;
    await informer(Routers).synced;
    const urls = new Map(await Promise.all(services.map(async (service) => {
      const { spec } = await client.get(Services, { namespace: NAMESPACE, name: routerName(service) });
      return [`http://${spec?.clusterIP}:${spec?.ports?.[0]?.port}`, service] as const;
    })));
    // A cluster that was started again shows what was ready before until its nodes have spoken.
    await Promise.all([...urls].map(([url, service]) => waitFor(`${service} to answer every group`, { clock, signal, deadlineMs: DEADLINE_MS, intervalMs: 500 }, async () => ((await answersEvery(url)) ? true : undefined))));
    const traffic = new Traffic(options, urls);
    await waitFor('the first answers', { clock, signal, deadlineMs: DEADLINE_MS }, () => (traffic.progress.requests >= services.length ? true : undefined)).catch((error: unknown) => { traffic.kill(); throw error; });
    return traffic;
  }

  get progress(): LoadProgress { return this.#load.progress; }

  /** Ends at once; nothing is judged. */
  kill(): void {
    this.#unfollow();
    this.#load.kill();
  }

  /** Lets what is open be answered, waits until every router has been read back, and judges. */
  async stop(): Promise<TrafficResult> {
    const { client, clock, signal, log } = this.#options;
    await this.#load.stop();
    for (const service of this.#services.values()) {
      this.#observe(await waitFor(`the routers of ${service} to be read back`, { clock, signal, deadlineMs: DEADLINE_MS }, async () => {
        const router = await client.get(Routers, { namespace: NAMESPACE, name: routerName(service) });
        return isReadBack(router) ? router : undefined;
      }));
    }
    this.#unfollow();
    const records = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RequestRecord);
    const verdicts = [...Map.groupBy(records, (r) => this.#services.get(r.url) ?? '')].map(([service, own]) => judge(own, this.#timelines.get(service)?.states() ?? [], []));
    const sum = (key: 'requests' | 'failed' | 'misrouted' | 'cohortChanges'): number => verdicts.reduce((total, v) => total + v[key], 0);
    const latencies = records.filter((r) => r.kind === 'get').map((r) => r.finishedAt - r.sentAt).toSorted((a, b) => a - b);
    const quantile = (share: number): number => Math.round(latencies[Math.floor(latencies.length * share)] ?? 0);
    const switches = verdicts.flatMap((v) => v.switchIntervalsMs);
    return {
      requests: sum('requests'), failed: sum('failed'), misrouted: sum('misrouted'), cohortChanges: sum('cohortChanges'), p50Ms: quantile(0.5), p99Ms: quantile(0.99),
      switches: switches.length, longestSwitchMs: Math.max(0, ...switches), examples: verdicts.flatMap((v) => v.examples).slice(0, EXAMPLES),
    };
  }

  #observe(router: Router): void {
    this.#timelines.get(router.spec.application)?.observe(router);
  }
}

/** Many times in a row, each on a connection of its own, so that every router is among those asked. */
async function answersEvery(url: string): Promise<boolean> {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) {
    for (const group of GROUPS) {
      const reply = await fetch(url, { headers: { 'X-User-Id': `probe-${i}`, 'X-Traffic-Group': group, Connection: 'close' }, signal: AbortSignal.timeout(WARM_UP_TIMEOUT_MS) }).catch(() => undefined);
      await reply?.arrayBuffer().catch(() => undefined);
      if (reply?.status !== 200) return false;
    }
  }
  return true;
}

const isReadBack = ({ metadata, status }: Router): boolean => status?.observedGeneration === metadata?.generation && status?.conditions?.some((c) => c.type === 'Told' && c.status === 'True') === true;
