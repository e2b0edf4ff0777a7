import type { Application, Track } from '../../api/application/application.ts';
import type { Build, BuildGroup } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { backendName, trackDeploymentName } from '../../api/names.ts';
import type { Release, ReleaseSpec } from '../../api/release/release.ts';
import type { ReleasePolicy } from '../../api/release-policy/release-policy.ts';
import type { Router, RouterStatus } from '../../api/router/router.ts';
import type { Deployment, EndpointSlice, Job } from '../../kubernetes/types.generated.ts';
import { candidateServiceName } from '../../api/names.ts';
import type { GroupMember } from './group.ts';
import { isMoving, isQueued, placesOf } from './places.ts';
import { nameOf, type GateVerdict, type Observed } from './observed.ts';
import { reconcile, type ReleaseAction } from './reconcile.ts';

const NAMESPACE = 'default';
/** As Kubernetes writes a list that is empty and required. */
const NO_ENDPOINTS = null as unknown as EndpointSlice['endpoints'];

/** What a Build does once it runs. */
export interface Behaviour {
  readonly becomesReady?: boolean;
  readonly testSucceeds?: boolean;
  readonly hooksSucceed?: boolean;
  /** The API takes no Deployment of it. */
  readonly refused?: boolean;
}

/**
 * A cluster in memory that answers as the record, routing and Deployment controllers do, each only when told to: for tests of the release
 * controller's decisions, without API, clock or pods.
 */
export class ModelCluster {
  application: Application;
  readonly builds: Build[] = [];
  readonly releases: Release[] = [];
  delivery: Delivery | undefined;
  router: Router | undefined;
  readonly deployments = new Map<string, Deployment>();
  readonly jobs: Job[] = [];
  slices: readonly EndpointSlice[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  readonly behaviour = new Map<string, Behaviour>();
  /** Other Applications of the installation, which groups and policies take into account. */
  neighbours: readonly ModelCluster[] = [];
  policies: readonly ReleasePolicy[] = [];
  /** Answers of gates that look outside. */
  readonly verdicts = new Map<string, GateVerdict>();
  /** Writes made so far. */
  writes = 0;
  #created = 0;

  constructor(application: Application) {
    this.application = application;
  }

  push(version: string, behaviour: Behaviour = {}, group?: BuildGroup): string {
    const name = `${nameOf(this.application)}-${version}`;
    this.builds.push({ metadata: { name, namespace: NAMESPACE, creationTimestamp: this.#stamp() }, spec: { application: nameOf(this.application), version, image: `app@sha256:${version}`, ...(group && { group }) } });
    this.behaviour.set(name, behaviour);
    return name;
  }

  release(name: string): Release {
    const found = this.releases.find((r) => nameOf(r) === name);
    if (found === undefined) throw new Error(`No release ${name}`);
    return found;
  }

  createRelease(name: string, spec: ReleaseSpec): void {
    this.releases.push({ metadata: { name, namespace: NAMESPACE, generation: 1, creationTimestamp: this.#stamp() }, spec });
  }

  steer(name: string, change: Partial<ReleaseSpec>): void {
    const i = this.releases.findIndex((r) => nameOf(r) === name);
    const release = this.releases[i];
    if (release !== undefined) this.releases[i] = { ...release, metadata: { ...release.metadata, generation: (release.metadata?.generation ?? 0) + 1 }, spec: { ...release.spec, ...change } };
  }

  observed(): Observed {
    return {
      application: this.application, builds: this.builds, releases: this.releases, deployments: [...this.deployments.values()], jobs: this.jobs, slices: this.slices,
      groups: this.#groups(), places: placesOf(NAMESPACE, this.policies, this.#everywhere().filter(isMoving), this.#everywhere().filter(isQueued), (r) => this.#groupOf(r)),
      verdicts: this.verdicts, now: this.now, ...(this.delivery && { delivery: this.delivery }), ...(this.router && { router: this.router }),
    };
  }

  /** One turn of the release controller; `crashAfter` writes it dies. Returns when it wants to look again. */
  turn(crashAfter = Infinity): { actions: readonly ReleaseAction[]; dueAt?: number } {
    const decision = reconcile(this.observed());
    decision.actions.slice(0, crashAfter).forEach((action) => this.#write(action));
    return decision;
  }

  /** The record controller: Deployments, version Services and the Router follow the Delivery. */
  applyDelivery(): void {
    const { delivery } = this;
    if (delivery === undefined || delivery.status?.observedGeneration === delivery.metadata?.generation) return;
    const refused = delivery.spec.tracks.flatMap((held) => held.builds.map(({ build }) => ({ held, build }))).find(({ build }) => this.behaviour.get(build)?.refused === true);
    if (refused !== undefined) {
      const name = trackDeploymentName(nameOf(this.application), this.#track(refused.held.name), this.#version(refused.build));
      const condition = { type: 'Applied', status: 'False' as const, reason: 'SpecRefused', message: `Deployment ${name}: no such field`, lastTransitionTime: '', observedGeneration: delivery.metadata?.generation ?? 0 };
      this.delivery = { ...delivery, status: { ...delivery.status, conditions: [condition] } };
      return;
    }
    const wanted = new Set<string>();
    for (const held of delivery.spec.tracks) {
      const track = this.#track(held.name);
      for (const { build, replicas: least, autoscaled } of held.builds) {
        const name = trackDeploymentName(nameOf(this.application), track, this.#version(build));
        wanted.add(name);
        const known = this.deployments.get(name);
        const replicas = autoscaled === true ? (known?.spec?.replicas ?? least) : least;
        if (known?.spec?.replicas === replicas) continue;
        this.deployments.set(name, { metadata: { name, generation: (known?.metadata?.generation ?? 0) + 1, labels: { track: held.name, build } }, spec: { replicas, selector: {}, template: {} }, status: known?.status ?? {} });
      }
    }
    for (const name of this.deployments.keys()) if (!wanted.has(name)) this.deployments.delete(name);
    const spec = this.#routes(delivery);
    if (this.router === undefined || JSON.stringify(spec) !== JSON.stringify(this.#routerRoutes)) {
      this.#routerRoutes = spec;
      this.router = { metadata: { generation: (this.router?.metadata?.generation ?? 0) + 1 }, spec: {} as Router['spec'], ...(this.router?.status && { status: this.router.status }) };
    }
    this.delivery = { ...delivery, status: { observedGeneration: delivery.metadata?.generation ?? 0 } };
  }

  /** The config controller: Builds take what the ConfigMap holds now. */
  captureConfig(name: string): void {
    this.builds.forEach((build, i) => {
      this.builds[i] = { ...build, spec: { config: { configMaps: [{ name, digest: '0123456789' }] }, ...build.spec } };
    });
  }

  /** The routing controller: the routers are told and answer. */
  route(): void {
    if (this.router === undefined || this.router.status?.observedGeneration === this.router.metadata?.generation) return;
    this.router = { ...this.router, status: { observedGeneration: this.router.metadata?.generation ?? 0, ...(this.#routerRoutes && { observed: this.#routerRoutes }) } };
  }

  /** The Deployment controller and the node: one Deployment comes to its size. */
  runPods(): void {
    for (const [name, d] of this.deployments) {
      const ready = this.behaviour.get(d.metadata?.labels?.['build'] ?? '')?.becomesReady === false ? 0 : (d.spec?.replicas ?? 0);
      const generation = d.metadata?.generation ?? 0;
      if (d.status?.observedGeneration === generation && d.status.readyReplicas === ready) continue;
      this.deployments.set(name, { ...d, status: { observedGeneration: generation, readyReplicas: ready, updatedReplicas: d.spec?.replicas ?? 0, replicas: d.spec?.replicas ?? 0 } });
    }
  }

  /** The EndpointSlice controller: routers learn which pods are ready. */
  followPods(): void {
    this.slices = [...this.deployments.values()].map((d) => ({
      addressType: 'IPv4', ports: [{ port: 8080 }],
      endpoints: d.status?.readyReplicas ? Array.from({ length: d.status.readyReplicas }, (_, i) => ({ addresses: [`127.64.0.${i + 1}`], conditions: { ready: true } })) : NO_ENDPOINTS,
      metadata: { labels: { 'kubernetes.io/service-name': this.#serviceOf(d) } },
    }));
  }

  /** Ready endpoints of a Deployment's pods, as routers know them. */
  endpointsOf(deployment: Deployment): number {
    return this.slices.find((s) => s.metadata?.labels?.['kubernetes.io/service-name'] === this.#serviceOf(deployment))?.endpoints?.length ?? 0;
  }

  #serviceOf({ metadata }: Deployment): string {
    return candidateServiceName(nameOf(this.application), this.#track(metadata?.labels?.['track'] ?? ''), this.#version(metadata?.labels?.['build'] ?? ''));
  }

  /** The autoscaler of a track chooses a number of pods for the version that serves. */
  autoscale(track: string, replicas: number): void {
    const held = this.delivery?.spec.tracks.find((t) => t.name === track);
    const build = held?.builds.find((b) => b.autoscaled)?.build;
    const name = build === undefined ? '' : trackDeploymentName(nameOf(this.application), this.#track(track), this.#version(build));
    const known = this.deployments.get(name);
    if (known?.spec?.replicas === undefined || known.spec.replicas === replicas) return;
    this.deployments.set(name, { ...known, metadata: { ...known.metadata, generation: (known.metadata?.generation ?? 0) + 1 }, spec: { ...known.spec, replicas } });
  }

  runJobs(): void {
    this.jobs.forEach((job, i) => {
      if (job.status !== undefined) return;
      const release = this.release(job.metadata?.labels?.['aweigh.dev/release'] ?? '');
      const behaviour = this.behaviour.get(release.spec.build);
      const succeeds = job.metadata?.labels?.['aweigh.dev/hook'] === undefined ? behaviour?.testSucceeds : behaviour?.hooksSucceed;
      const type = succeeds === false ? 'Failed' : 'Complete';
      this.jobs[i] = { ...job, status: { conditions: [{ type, status: 'True', lastProbeTime: '', lastTransitionTime: '' }] } };
    });
  }

  /** Lets everybody work, and time pass where only time is waited for, until nothing more happens.
   *  @param until stops before it is wanted to go on
   *  @throws when it is not at rest after `limit` rounds */
  settle(until: () => boolean = () => false, limit = 500): void {
    for (let i = 0; i < limit; i++) {
      if (until()) return;
      const { moved, dueAt } = this.round();
      if (moved) continue;
      if (dueAt === undefined) return;
      this.now = Math.max(this.now + 1, dueAt);
    }
    const { actions } = this.turn();
    throw new Error(`The model never came to rest: ${JSON.stringify(actions)}`);
  }

  /** One turn of everybody. Returns whether anything happened, and when the release controller wants to look again. */
  round(): { moved: boolean; dueAt?: number } {
    const state = (): string => JSON.stringify([this.writes, this.delivery?.status, this.router?.status, [...this.deployments.values()], this.slices, this.jobs]);
    const before = state();
    const { actions, dueAt } = this.turn();
    this.applyDelivery();
    this.route();
    this.runPods();
    this.followPods();
    this.runJobs();
    return { moved: actions.length > 0 || before !== state(), ...(dueAt !== undefined && { dueAt }) };
  }

  /** Build that the routers give a segment's users, and its share in percent; production for those of no segment. */
  routed(segment?: string): { backend?: string; percent: number } {
    const answer = this.router?.status?.observed;
    if (segment === undefined) return { ...(answer?.production.backend && { backend: answer.production.backend }), percent: 100 - (answer?.production.next?.share ?? 0) / 100 };
    const route = answer?.routes.find((r) => r.segment === segment);
    return { ...(route?.backend && { backend: route.backend }), percent: (route?.share ?? 0) / 100 };
  }

  #routerRoutes: RouterStatus['observed'];

  #routes(delivery: Delivery): RouterStatus['observed'] {
    const last = delivery.spec.tracks.at(-1);
    const backend = (track: string, build: string) => backendName(track, this.#version(build));
    return {
      routes: delivery.spec.tracks.flatMap((held) => {
        const { segment } = this.#track(held.name);
        if (segment === undefined) return [];
        return [{ segment, ...(held.serving && { backend: backend(held.name, held.serving) }), share: held.serving ? held.percent * 100 : 0 }];
      }),
      production: {
        ...(last?.serving && { backend: backend(last.name, last.serving) }),
        ...(last?.next && { next: { backend: backend(last.name, last.next.build), share: last.next.percent * 100 } }),
      },
    };
  }

  #write(action: ReleaseAction): void {
    this.writes++;
    switch (action.type) {
      case 'createRelease':
        if (!this.releases.some((r) => nameOf(r) === nameOf(action.release))) this.createRelease(nameOf(action.release), action.release.spec);
        return;
      case 'createJob':
        if (!this.jobs.some((j) => nameOf(j) === nameOf(action.job))) this.jobs.push(action.job);
        return;
      case 'releaseStatus': {
        const i = this.releases.findIndex((r) => nameOf(r) === nameOf(action.release));
        const release = this.releases[i];
        if (release !== undefined) this.releases[i] = { ...release, status: JSON.parse(JSON.stringify(action.status)) };
        return;
      }
      case 'writeDelivery':
        this.delivery = { metadata: { name: nameOf(this.application), generation: (this.delivery?.metadata?.generation ?? 0) + 1 }, spec: structuredClone(action.spec), ...(this.delivery?.status && { status: this.delivery.status }) };
        return;
      case 'deleteBuild': this.builds.splice(this.builds.findIndex((b) => nameOf(b) === nameOf(action.build)), 1); return;
      case 'deleteRelease':
        this.releases.splice(this.releases.findIndex((r) => nameOf(r) === nameOf(action.release)), 1);
        for (const job of this.jobs.filter((j) => j.metadata?.labels?.['aweigh.dev/release'] === nameOf(action.release))) this.jobs.splice(this.jobs.indexOf(job), 1);
        return;
      case 'applicationStatus': this.application = { ...this.application, status: action.status };
    }
  }

  #everywhere(): Release[] {
    return [this, ...this.neighbours].flatMap((c) => c.releases.map((r) => ({ ...r, metadata: { ...r.metadata, namespace: NAMESPACE } })));
  }

  #groupOf({ spec }: Release): string | undefined {
    return [this, ...this.neighbours].flatMap((c) => c.builds).find((b) => nameOf(b) === spec.build)?.spec.group?.name;
  }

  #groups(): Map<string, GroupMember[]> {
    return new Map(this.builds.flatMap(({ spec: { group } }) => group ?? []).map((group) => [group.name, group.applications.filter((name) => name !== nameOf(this.application)).map((application) => {
      const other = this.neighbours.find((c) => nameOf(c.application) === application);
      const build = other?.builds.findLast((b) => b.spec.group?.name === group.name);
      const release = other?.releases.findLast((r) => r.spec.build === (build && nameOf(build)) && r.spec.type !== 'rollback');
      return { application, tracks: other?.application.spec.tracks.map((t) => t.name) ?? [], ...(build?.spec.group && { group: build.spec.group }), ...(release && { release }) };
    })]));
  }

  #track(name: string): Track {
    const track = this.application.spec.tracks.find((t) => t.name === name);
    if (track === undefined) throw new Error(`No track ${name}`);
    return track;
  }

  #version(build: string): string {
    return this.builds.find((b) => nameOf(b) === build)?.spec.version ?? build;
  }

  #stamp(): string {
    // Nothing is as old as another: time moves on with each object.
    this.#created = Math.max(this.#created + 1, this.now);
    this.now = this.#created;
    return new Date(this.#created).toISOString();
  }
}

const LOOKS_IN_VAIN = 50;

/** Lets several Applications of one installation work in turn, on one clock, until nothing more happens anywhere. */
export function settleAll(clusters: readonly ModelCluster[], until: () => boolean = () => false, limit = 2_000): void {
  let looksInVain = 0;
  for (let i = 0; i < limit; i++) {
    if (until()) return;
    const rounds = clusters.map((c) => c.round());
    if (rounds.some((r) => r.moved)) {
      looksInVain = 0;
      continue;
    }
    const dueAt = Math.min(...rounds.map((r) => r.dueAt ?? Infinity));
    // Who waits for a place looks again now and then, for as long as it takes.
    if (dueAt === Infinity || looksInVain++ > LOOKS_IN_VAIN) return;
    for (const c of clusters) c.now = Math.max(c.now + 1, dueAt);
  }
  throw new Error(`The installation never came to rest: ${JSON.stringify(clusters.map((c) => c.turn().actions))}`);
}

/** Bitmovin's four tracks, with a gate of each simple kind. */
export function modelApplication(change: Partial<Application['spec']> = {}, name = 'account-service'): Application {
  return {
    metadata: { name, namespace: NAMESPACE, generation: 1, uid: 'u' },
    spec: {
      template: { spec: { containers: [{ name: 'app', image: '${image}' }] } },
      ports: [{ name: 'http', port: 8080 }],
      tracks: [
        { name: 'internal', replicas: 2, segment: 'INTERNAL', gates: [{ name: 'smoke', testJob: { template: { spec: { containers: [{ name: 'smoke', image: '${image}', command: ['smoke'] }] } } } }, { name: 'soak', soak: { seconds: 20 } }] },
        { name: 'free', replicas: 4, segment: 'FREE', percent: 5, gates: [{ name: 'soak', soak: { seconds: 30 } }] },
        { name: 'paid', replicas: 4, segment: 'PAID', percent: 5, gates: [{ name: 'soak', soak: { seconds: 30 } }] },
        { name: 'production', replicas: 10 },
      ],
      ...change,
    },
  };
}

/** Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
