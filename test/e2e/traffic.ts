import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Routers } from '../../src/api/kinds.ts';
import { judge, RoutingTimeline, type Kill, type Verdict } from '../../src/cli/demo/checker.ts';
import { LoadProcess } from '../../src/cli/demo/load-process.ts';
import type { RequestRecord } from '../../src/cli/demo/request-log.ts';
import { createClient } from '../../src/client/https-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { sharedInformers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { AWEIGH, eventually } from './command-line.ts';
import { APPLICATION, type TestCluster } from './test-cluster.ts';

/** Requests of all groups to a cluster's routers, and what the checker says of them. */
export class Traffic {
  readonly #load: LoadProcess;
  readonly #log: string;
  readonly #timeline: RoutingTimeline;
  readonly #kills: Kill[] = [];
  readonly #stop: () => void;

  private constructor(load: LoadProcess, log: string, timeline: RoutingTimeline, stop: () => void) {
    this.#load = load;
    this.#log = log;
    this.#timeline = timeline;
    this.#stop = stop;
  }

  static async start(cluster: TestCluster, requestsPerSecond: number): Promise<Traffic> {
    const client = createClient(await loadKubeconfig(cluster.kubeconfig));
    const stop = new AbortController();
    const timeline = new RoutingTimeline();
    const informer = sharedInformers({ client, clock: systemClock, random: systemRandom, log: silentLogger, signal: stop.signal })(Routers);
    informer.onChange(({ current }) => { if (current !== undefined) timeline.observe(current); });
    await informer.synced;
    const url = await routerUrl(cluster);
    const log = join(cluster.data, `requests-${Date.now()}.jsonl`);
    const load = new LoadProcess([...AWEIGH, 'load', '--url', url, '--rate', String(requestsPerSecond), '--log', log], process.env);
    await eventually('the first answers', () => (load.progress.requests > requestsPerSecond ? true : undefined));
    return new Traffic(load, log, timeline, () => { stop.abort(); client.close(); });
  }

  /** From now on the checker knows that this process was killed. */
  killed(what: Kill['what']): void {
    this.#kills.push({ what, at: Date.now() });
  }

  get requests(): number {
    return this.#load.progress.requests;
  }

  /** Waits for so many more answers. */
  async more(requests: number): Promise<void> {
    const wanted = this.requests + requests;
    await eventually(`${requests} more answers`, () => (this.requests >= wanted ? true : undefined));
  }

  async verdict(): Promise<Verdict> {
    await this.#load.stop();
    this.#stop();
    const records = readFileSync(this.#log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RequestRecord);
    return judge(records, this.#timeline.states(), this.#kills);
  }
}

async function routerUrl(cluster: TestCluster): Promise<string> {
  return eventually('the router to answer', async () => {
    const service = await cluster.get<{ spec: { clusterIP: string; ports: { port: number }[] } }>('service', `${APPLICATION}-haproxy`);
    const url = `http://${service.spec.clusterIP}:${service.spec.ports[0]?.port}`;
    const reply = await fetch(`${url}/account`, { headers: { 'X-User-Id': 'probe', 'X-Traffic-Group': 'ENTERPRISE' } });
    await reply.arrayBuffer();
    return reply.status === 200 ? url : undefined;
  });
}
