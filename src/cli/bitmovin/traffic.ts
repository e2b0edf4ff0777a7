import { Agent, request } from 'node:http';
import { routerName } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { Services } from '../../client/kinds.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import { NAMESPACE } from './installation.ts';

const GROUPS = ['INTERNAL', 'FREE', 'PAID', 'ENTERPRISE'];
const USERS = 10_000;
const TIMEOUT_MS = 10_000;
const MAX_EXAMPLES = 5;

export interface TrafficResult {
  readonly requests: number;
  readonly failed: number;
  readonly p99Ms: number;
  readonly examples: readonly string[];
}

/** Requests to every service's router at a steady rate altogether, each once: what fails is counted and never tried again. */
export class Traffic {
  readonly #targets: readonly { host: string; port: number; service: string }[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #latencies: number[] = [];
  readonly #examples: string[] = [];
  readonly #open = new Set<Promise<void>>();
  #failed = 0;
  #stop: (() => void) | undefined;

  private constructor(targets: Traffic['targets'], clock: Clock, random: Random) {
    this.#targets = targets;
    this.#clock = clock;
    this.#random = random;
  }

  get targets(): readonly { host: string; port: number; service: string }[] { return this.#targets; }

  static async start(client: Client, services: readonly string[], ratePerSecond: number, clock: Clock, random: Random): Promise<Traffic> {
    const targets = await Promise.all(services.map(async (service) => {
      const { spec } = await client.get(Services, { namespace: NAMESPACE, name: routerName(service) });
      return { service, host: spec?.clusterIP ?? '', port: spec?.ports?.[0]?.port ?? 0 };
    }));
    const traffic = new Traffic(targets, clock, random);
    traffic.#run(1_000 / ratePerSecond);
    return traffic;
  }

  async stop(): Promise<TrafficResult> {
    this.#stop?.();
    await Promise.all(this.#open);
    this.#agent.destroy();
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return { requests: this.#latencies.length, failed: this.#failed, p99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0), examples: this.#examples };
  }

  #run(everyMs: number): void {
    const startedAt = this.#clock.now();
    let sent = 0;
    const tick = (): void => {
      // What a busy machine could not send in time is sent now: the rate holds over the whole.
      for (; sent * everyMs < this.#clock.now() - startedAt; sent++) {
        const sending = this.#send(sent).finally(() => this.#open.delete(sending));
        this.#open.add(sending);
      }
      this.#stop = this.#clock.after(Math.max(1, everyMs), tick);
    };
    tick();
  }

  #send(n: number): Promise<void> {
    const target = this.#targets[n % this.#targets.length];
    if (target === undefined) return Promise.resolve();
    const startedAt = this.#clock.now();
    const group = GROUPS[Math.floor(this.#random.next() * GROUPS.length)] ?? 'PAID';
    return new Promise((resolve) => {
      const end = (problem?: string): void => {
        this.#latencies.push(this.#clock.now() - startedAt);
        if (problem !== undefined) {
          this.#failed++;
          if (this.#examples.length < MAX_EXAMPLES) this.#examples.push(`${new Date(this.#clock.now()).toISOString()} ${target.service} ${group}: ${problem}`);
        }
        resolve();
      };
      const call = request({ host: target.host, port: target.port, path: '/', agent: this.#agent, timeout: TIMEOUT_MS, headers: { 'X-User-Id': `user-${Math.floor(this.#random.next() * USERS)}`, 'X-Traffic-Group': group } }, (reply) => {
        reply.on('error', (error) => end(error.message)).on('end', () => end(reply.statusCode === 200 ? undefined : `answered ${reply.statusCode} ${String(reply.headers['x-aweigh-reason'] ?? '')}`)).resume();
      });
      call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`))).on('error', (error) => end(error.message)).end();
    });
  }
}
