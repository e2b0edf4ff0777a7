/** Aweigh's own controllers as one process, measured from inside. Forked; the first message is what to run with, each further one asks for the figures. */
import { configController } from '../../src/controllers/config/controller.ts';
import { healthController } from '../../src/controllers/health/controller.ts';
import { recordController } from '../../src/controllers/record/controller.ts';
import { createReleaseController } from '../../src/controllers/release/controller.ts';
import { routingController } from '../../src/controllers/routing/controller.ts';
import type { TrafficProvider } from '../../src/controllers/routing/traffic-provider.ts';
import type { Client } from '../../src/client/client.ts';
import type { Connection } from '../../src/client/connection.ts';
import { createClient } from '../../src/client/https-client.ts';
import { limitHeapGrowth } from '../../src/cli/processes/node-flags.ts';
import { openRepository } from '../../src/providers/repository/git.ts';
import { controlAuthority } from '../../src/providers/traffic/control-certificates.ts';
import { gatewayApiPublisher } from '../../src/providers/traffic/gateway-api/publisher.ts';
import { routerRenderers } from '../../src/providers/traffic/router-pods.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { SimulatedMetrics } from './simulated-metrics.ts';

export interface SubjectOptions {
  readonly connection: Connection;
  /** Folder of the record. */
  readonly record: string;
}

export interface Figures {
  /** Requests since the start, by method; watches are not counted. */
  readonly requests: Readonly<Record<string, number>>;
  /** Processor time so far, before and after a collection that the figures themselves cause. */
  readonly cpuMs: number;
  readonly collectedCpuMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** When the first bad sample of a Router was read, by its name; milliseconds since the epoch. */
  readonly badSamples: Readonly<Record<string, number>>;
}

/** What the subject is asked: for its figures, or that the routers of an Application begin to see errors. */
export type Question = { readonly ask: 'figures' } | { readonly fails: string };

const requests: Record<string, number> = {};
const metrics = new SimulatedMetrics();

process.once('message', (options: SubjectOptions) => {
  void run(options);
  process.on('message', (question: Question) => {
    if ('fails' in question) metrics.fails(question.fails);
    else process.send?.(figures());
  });
});

async function run({ connection, record }: SubjectOptions): Promise<void> {
  limitHeapGrowth();
  const client = counted(createClient(connection));
  const ending = new AbortController();
  const repository = await openRepository(record, { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } });
  process.once('disconnect', () => ending.abort());
  process.send?.('ready');
  await runControllers({
    factories: [
      createReleaseController(() => ({ metrics })),
      configController,
      recordController({ repository, renderers: routerRenderers(), defaultProvider: 'builtin' }),
      routingController({ providers: { haproxy: simulated, builtin: simulated }, publisher: gatewayApiPublisher, authority: controlAuthority(systemClock) }),
      healthController(),
    ],
    client, clock: systemClock, random: systemRandom, log: silentLogger, signal: ending.signal,
  });
  await repository.close();
  client.close();
}

/** Routers on which nothing runs do at once what they are told. */
const told = new Map<string, { readonly text: string; readonly at: number }>();
const simulated: TrafficProvider = {
  async tell(pod, _credentials, { routes, production }, _signal, atSwitch) {
    await atSwitch?.();
    const now = systemClock.now(), text = JSON.stringify([routes, production]), before = told.get(pod.name);
    const changed = before?.text !== text;
    if (changed) told.set(pod.name, { text, at: now });
    return { observedAt: now, lastSwitchAt: changed ? now : (before?.at ?? now), changed };
  },
  stats: () => Promise.resolve({ backends: [], groups: {} }),
  forget() {},
};

function counted(client: Client): Client {
  const counting = new Set(['get', 'list', 'create', 'update', 'updateStatus', 'patch', 'apply', 'delete', 'createSubresource', 'raw']);
  return new Proxy(client, {
    get(target, name: keyof Client) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (!counting.has(name)) return method.bind(target);
      return (...args: unknown[]) => {
        const plural = (args[0] as { plural?: string } | undefined)?.plural;
        const id = plural === undefined ? name : `${name} ${plural}`;
        requests[id] = (requests[id] ?? 0) + 1;
        return method.apply(target, args);
      };
    },
  });
}

function figures(): Figures {
  const cpuMs = processorMs();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { requests: { ...requests }, cpuMs, collectedCpuMs: processorMs(), rssMb: rss / 2 ** 20, heapMb: heapUsed / 2 ** 20, badSamples: { ...metrics.badSamples } };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
