import { isDeepStrictEqual } from 'node:util';
import { test } from 'vitest';
import { Applications, Builds, Deliveries, ReleasePolicies, Releases, Routers } from '../../api/kinds.ts';
import type { ReleaseStatus } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import { LABELS } from '../../api/group.ts';
import { Deployments, EndpointSlices, Jobs } from '../../client/kinds.ts';
import { keyString, type KubernetesObject, type Resource } from '../../client/resource.ts';
import type { Controller, ControllerContext } from '../../runtime/controller.ts';
import { ObjectCache } from '../../runtime/object-cache.ts';
import { createReleaseController } from './controller.ts';
import type { ModelCluster } from './model-cluster.ts';
import { ModelInstallation } from './model-installation.ts';
import { nameOf } from './observed.ts';
import { reconcile, type ReleaseAction } from './reconcile.ts';

const STEPS = Math.floor(Number(process.env['AWEIGH_MODEL_STEPS'] ?? 6_000) / 3);
const STEPS_A_LIFE = 250;
const MOST_TURNS = 1_000;

/** Who is awake, by the sources of the real controller: what changed in the model is told to it as informers would. */
class Wakes {
  readonly #clusters: readonly ModelCluster[];
  readonly #caches = new Map<string, ObjectCache<KubernetesObject>>();
  readonly #controller: Controller;
  readonly #awake = new Set<string>();
  readonly #dueAt = new Map<string, number>();

  constructor(clusters: readonly ModelCluster[]) {
    this.#clusters = clusters;
    const informer = (r: Resource) => this.#cache(r);
    this.#controller = createReleaseController(() => ({}))({ informer } as unknown as ControllerContext);
    for (const { resource, map } of this.#controller.sources) {
      this.#cache(resource).onChange((change) => {
        for (const object of [change.previous, change.current]) if (object !== undefined) for (const key of map(object)) this.#awake.add(keyString(key));
      });
    }
  }

  /** Whoever is awake or due takes its turns, until all sleep. @throws where one sleeps although there is something to do */
  settle(): void {
    this.#look();
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const next = this.#clusters.find((c) => this.#awake.has(idOf(c)) || (this.#dueAt.get(idOf(c)) ?? 0) <= c.now);
      if (next === undefined) return this.#check();
      // What it writes comes back as news.
      this.#awake.delete(idOf(next));
      this.#dueAt.set(idOf(next), next.turn().dueAt ?? Infinity);
      this.#look();
    }
    throw new Error(`Not all sleep after ${MOST_TURNS} turns: ${[...this.#awake].join()}`);
  }

  #look(): void {
    for (const { resource } of this.#controller.sources) this.#cache(resource).replace(this.#objects(resource).map(versioned));
  }

  #check(): void {
    for (const cluster of this.#clusters) {
      const actions = reconcile(cluster.observed()).actions.filter(moves);
      if (actions.length > 0) throw new Error(`${idOf(cluster)} sleeps: ${JSON.stringify(actions)}`);
    }
  }

  #cache(resource: Resource): ObjectCache<KubernetesObject> {
    const known = this.#caches.get(resource.plural) ?? new ObjectCache<KubernetesObject>();
    this.#caches.set(resource.plural, known);
    return known;
  }

  #objects(resource: Resource): readonly KubernetesObject[] {
    if (resource.plural === ReleasePolicies.plural) return this.#clusters[0]?.policies ?? [];
    return this.#clusters.flatMap((cluster) => {
      const application = nameOf(cluster.application);
      const labelled = (object: KubernetesObject): KubernetesObject => ({ ...object, metadata: { ...object.metadata, namespace: 'default', labels: { ...object.metadata?.labels, [LABELS.application]: application } } });
      const observed = cluster.observed();
      const router: Router | undefined = observed.router && { ...observed.router, metadata: { ...observed.router.metadata, name: application }, spec: { ...observed.router.spec, application } };
      const all: Readonly<Record<string, readonly (KubernetesObject | undefined)[]>> = {
        [Applications.plural]: [observed.application], [Builds.plural]: observed.builds, [Releases.plural]: observed.releases,
        [Deliveries.plural]: [observed.delivery], [Routers.plural]: [router],
        [Deployments.plural]: observed.deployments, [Jobs.plural]: observed.jobs,
        [EndpointSlices.plural]: observed.slices.map((s) => ({ ...s, metadata: { ...s.metadata, name: s.metadata?.labels?.['kubernetes.io/service-name'] } })),
      };
      return (all[resource.plural] ?? []).flatMap((object) => (object === undefined ? [] : labelled(object)));
    });
  }
}

/** Not: how many wait before it, which a message says and nobody is woken for. */
const moves = (action: ReleaseAction): boolean => action.type !== 'applicationStatus' && (action.type !== 'releaseStatus' || !isDeepStrictEqual(steps(action.status), steps(action.release.status)));
const steps = (status: ReleaseStatus = {}) => ({ ...status, message: '', conditions: status.conditions?.map((c) => ({ ...c, message: '' })) });

const idOf = ({ application }: ModelCluster): string => `default/${nameOf(application)}`;
const versioned = (object: KubernetesObject): KubernetesObject => ({ ...object, metadata: { ...object.metadata, resourceVersion: JSON.stringify(object) } });

test(`nobody sleeps while there is something to do, at each of ${STEPS} steps of several Applications`, { timeout: 3_600_000 }, () => {
  for (let life = 0; life * STEPS_A_LIFE < STEPS; life++) {
    const one = new ModelInstallation(life + 1);
    const wakes = new Wakes(one.clusters);
    for (let i = 0; i < STEPS_A_LIFE; i++) {
      one.step();
      try {
        wakes.settle();
      } catch (error) {
        throw new Error(`Seed ${life + 1}, step ${i}:\n${one.log.slice(-20).join('\n')}`, { cause: error });
      }
    }
  }
});
