import type { Application } from '../../src/api/application/application.ts';
import { API_VERSION } from '../../src/api/group.ts';
import { Applications, Builds, Deliveries, Releases, Routers } from '../../src/api/kinds.ts';
import { routerName } from '../../src/api/names.ts';
import type { Client } from '../../src/client/client.ts';
import { Deployments, Pods, ReplicaSets } from '../../src/client/kinds.ts';
import type { KubernetesObject, Resource } from '../../src/client/resource.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { sharedInformers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';

const namespace = 'default';
const AT_ONCE = 16;
/** What a change makes one after the other. */
const HOPS = ['Release', 'Delivery', 'Deployment', 'ReplicaSet', 'Pod'] as const;
const INSTALL_MS = 600_000, INSTALL_EACH_MS = 3_000;

type Gates = NonNullable<Application['spec']['tracks'][number]['gates']>;
/** A new build waits on the first track for a person. */
export const FOR_A_PERSON: Gates = [{ name: 'look', approval: {} }];
/** A new build waits there while its routers see no errors; the first sample that says otherwise is the verdict. */
export const FOR_METRICS: Gates = [{ name: 'errors', analysis: { durationSeconds: 3_600, metrics: [{ name: 'errors', source: { router: 'errorRatio' }, max: 0.01, consecutiveFailures: 1 }] } }];

/** Applications on four tracks. */
export class Installation {
  readonly #client: Client;
  readonly #ending = new AbortController();
  readonly #informer;

  constructor(client: Client) {
    this.#client = client;
    this.#informer = sharedInformers({ client, clock: systemClock, random: systemRandom, log: silentLogger, signal: this.#ending.signal });
  }

  async start(): Promise<void> {
    await Promise.all([Pods, ReplicaSets, Deployments, Applications, Routers, Releases, Deliveries].map((kind) => this.#informer(kind as Resource).synced));
  }

  stop(): void {
    this.#ending.abort();
  }

  /** Resolves when all serve their first build. */
  async install(names: readonly string[], gates: Gates = FOR_A_PERSON, more: Partial<Application['spec']> = {}): Promise<void> {
    const waiting = [...names];
    const one = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await this.#client.create(Applications, {
          apiVersion: API_VERSION, kind: 'Application', metadata: { namespace, name },
          spec: {
            ports: [{ name: 'http', port: 8080 }], router: { kind: 'builtin', replicas: 1 }, drainSeconds: 0,
            template: { spec: { containers: [{ name: 'app', image: '${image}', env: [{ name: 'VERSION', value: '${version}' }] }] } },
            tracks: [
              { name: 'internal', replicas: 1, segment: 'INTERNAL', gates },
              { name: 'free', replicas: 1, segment: 'FREE', percent: 5 }, { name: 'paid', replicas: 1, segment: 'PAID', percent: 5 }, { name: 'production', replicas: 1 },
            ],
            ...more,
          },
        });
        await this.push(name, 'v1');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    await this.#until(() => names.every((name) => this.#informer(Applications).get({ namespace, name })?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true && this.#informer(Releases).get({ namespace, name: `${name}-v1` })?.status?.phase === 'Completed'), INSTALL_MS + names.length * INSTALL_EACH_MS);
  }

  async push(name: string, version: string): Promise<void> {
    await this.#client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: `${name}-${version}` }, spec: { application: name, version, image: `app@sha256:${version}` } });
  }

  /** Milliseconds from the push to the first pod object of the new version, and to what comes before it, by kind. */
  async pushUntilPod(name: string, version: string): Promise<ReadonlyMap<string, number>> {
    const from = performance.now();
    const build = `${name}-${version}`;
    const ofVersion = ({ metadata }: KubernetesObject): boolean => metadata?.labels?.['aweigh.dev/application'] === name && metadata.labels['version'] === version;
    const way = [
      this.#watched(Releases, ({ metadata }) => metadata?.name === build),
      this.#watched(Deliveries, (delivery) => delivery.metadata?.name === name && delivery.spec.tracks.some((t) => t.builds.some((b) => b.build === build))),
      this.#watched(Deployments, ofVersion), this.#watched(ReplicaSets, ofVersion), this.#watched(Pods, ofVersion),
    ];
    await this.push(name, version);
    const at = await Promise.all(way);
    return new Map(HOPS.map((kind, i) => [kind, (at[i] ?? NaN) - from]));
  }

  /** Pushes the version where nobody has; resolves when it serves the first track and waits there. */
  async brought(name: string, version: string): Promise<void> {
    if (this.#informer(Releases).get({ namespace, name: `${name}-${version}` }) === undefined) await this.push(name, version);
    await this.#until(() => this.#informer(Releases).get({ namespace, name: `${name}-${version}` })?.status?.tracks?.[0]?.gates?.some((g) => g.state === 'Waiting' || g.state === 'Running') === true);
  }

  /** Releases a version; resolves when it is on every track. */
  async release(name: string, version: string): Promise<void> {
    await this.push(name, version);
    await this.#until(() => this.#informer(Releases).get({ namespace, name: `${name}-${version}` })?.status?.phase === 'Completed');
  }

  /** Milliseconds from the abort to the routers' read-back in which nobody reaches the new version. */
  async abortUntilGone(name: string, version: string): Promise<number> {
    const startedAt = performance.now();
    const seen = this.gone(name, version);
    await this.#client.patch(Releases, { namespace, name: `${name}-${version}` }, { spec: { abort: { actor: 'bench', reason: 'bench' } } });
    return (await seen) - startedAt;
  }

  /** When the routers were read back to send nobody to the version. */
  gone(name: string, version: string): Promise<number> {
    return this.#watched(Routers, (router) => router.metadata?.name === routerName(name) && router.status?.observedGeneration === router.metadata.generation && router.status?.observed?.routes.every((r) => r.backend !== `internal-${version}`) === true);
  }

  /** When the first such object was seen. */
  #watched<T extends KubernetesObject>(kind: Resource<T>, is: (object: T) => boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`Waited 120 s for a ${kind.kind}`)), 120_000);
      const stop = this.#informer(kind).onChange(({ current }) => {
        if (current === undefined || !is(current)) return;
        clearTimeout(late);
        stop();
        resolve(performance.now());
      });
    });
  }

  async #until(done: () => boolean, deadlineMs = 120_000): Promise<void> {
    const until = performance.now() + deadlineMs;
    while (!done()) {
      if (performance.now() > until) throw new Error(`Not done within ${deadlineMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
