import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Routers } from '../../src/api/kinds.ts';
import { judge, RoutingTimeline, type Cohorts, type Kill, type RoutingState, type Verdict } from '../../src/cli/demo/checker.ts';
import { identify, isRunning } from '../../src/cli/processes/process-identity.ts';
import { LoadProcess } from '../../src/cli/demo/load-process.ts';
import type { RequestRecord } from '../../src/cli/demo/request-log.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { sharedInformers } from '../../src/runtime/run-controllers.ts';
import type { Random } from '../../src/runtime/clock.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { AWEIGH, eventually } from './command-line.ts';
import { APPLICATION, LONGEST_REQUEST_MS, type TestCluster } from './test-cluster.ts';

const GONE_DEADLINE_MS = 30_000;
/** The load ends by itself after so long, whatever becomes of the test. */
const LOAD_SECONDS = process.env['AWEIGH_SOAK'] === undefined ? 600 : 2_400;
/** The back-off of a watch stays below 30 ms, so that no version of the routes is missed while an API server starts again. */
const impatient: Random = { next: () => 0.01 };

/** Requests of all groups to a cluster's routers, and what the checker says of them. */
export class Traffic {
  readonly #load: LoadProcess;
  readonly #log: string;
  readonly #timeline: RoutingTimeline;
  readonly #kills: Kill[] = [];
  readonly #cluster: TestCluster;
  readonly #application: string;

  private constructor(load: LoadProcess, log: string, timeline: RoutingTimeline, cluster: TestCluster, application: string) {
    this.#load = load;
    this.#log = log;
    this.#timeline = timeline;
    this.#cluster = cluster;
    this.#application = application;
  }

  /** @param url of what routes instead of the Application's own routers */
  static async start(cluster: TestCluster, requestsPerSecond: number, url?: string, application = APPLICATION): Promise<Traffic> {
    const client = await cluster.client();
    const stop = new AbortController();
    const timeline = new RoutingTimeline();
    const informer = sharedInformers({ client, clock: systemClock, random: impatient, log: silentLogger, signal: stop.signal })(Routers);
    informer.onChange(({ current }) => { if (current?.spec.application === application) timeline.observe(current); });
    await informer.synced;
    const entry = url === undefined ? await routerUrl(cluster, application) : await answering(() => url);
    const log = join(cluster.data, `requests-${application}-${Date.now()}.jsonl`);
    const load = new LoadProcess([...AWEIGH, 'load', '--url', entry, '--rate', String(requestsPerSecond), '--longest-ms', String(LONGEST_REQUEST_MS), '--seconds', String(LOAD_SECONDS), '--log', log], process.env);
    cluster.onStop(() => { stop.abort(); load.kill(); });
    await eventually('the first answers', () => (load.progress.requests > requestsPerSecond ? true : undefined));
    return new Traffic(load, log, timeline, cluster, application);
  }

  /** Kills a process that requests pass through, and tells the checker from when to when it died. @param replace brings another in its place, where nothing stands in for it; until it resolves nobody can be served */
  async kill(what: Kill['what'], pid: number, replace?: () => Promise<void>): Promise<void> {
    const identity = identify(pid);
    if (identity === undefined) throw new Error(`There is no process ${pid} to kill`);
    const startedAt = Date.now();
    process.kill(pid, 'SIGKILL');
    await eventually(`process ${pid} to be gone`, () => (isRunning(identity) ? undefined : true), GONE_DEADLINE_MS, 1);
    await replace?.();
    this.#kills.push({ what, startedAt, goneAt: Date.now() });
  }

  /** The shares of a segment in percent, one after the other, as the routers were read back. */
  sharesOf(segment: string): number[] {
    const shares = this.#timeline.states().flatMap(({ routes }) => routes.filter((r) => r.segment === segment).map((r) => r.share / 100));
    return shares.filter((share, i) => share !== shares[i - 1]);
  }

  get requests(): number {
    return this.#load.progress.requests;
  }

  /** Waits for so many more answers. */
  async more(requests: number): Promise<void> {
    const wanted = this.requests + requests;
    await eventually(`${requests} more answers`, () => (this.requests >= wanted ? true : undefined));
  }

  /** Ends the load, and waits until the routers have been read back. */
  async verdict(cohorts?: Cohorts): Promise<Verdict> {
    await this.#load.stop();
    this.#timeline.observe(await eventually('every router to be read back', async () => {
      const router = await (await this.#cluster.client()).get(Routers, { namespace: 'default', name: `${this.#application}-haproxy` });
      return router.status?.observedGeneration === router.metadata?.generation && router.status?.conditions?.some((c) => c.type === 'Told' && c.status === 'True') === true ? router : undefined;
    }));
    return judge(this.records(), this.#timeline.states(), this.#kills, cohorts);
  }

  /** Every request that was answered or failed, once the load has ended. */
  records(): RequestRecord[] {
    return readFileSync(this.#log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RequestRecord);
  }

  states(): RoutingState[] {
    return this.#timeline.states();
  }
}

export async function routerUrl(cluster: TestCluster, application = APPLICATION): Promise<string> {
  return answering(async () => {
    const service = await cluster.get<{ spec: { clusterIP: string; ports: { port: number }[] } }>('service', `${application}-haproxy`);
    return `http://${service.spec.clusterIP}:${service.spec.ports[0]?.port}`;
  });
}

async function answering(entry: () => Promise<string> | string): Promise<string> {
  return eventually('the router to answer', async () => {
    const url = await entry();
    const reply = await fetch(`${url}/account`, { headers: { 'X-User-Id': 'probe', 'X-Traffic-Group': 'ENTERPRISE' } });
    await reply.arrayBuffer();
    return reply.status === 200 ? url : undefined;
  });
}
