import { resolveApplication } from '../../api/application/defaults.ts';
import type { Application, Track } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery, DeliveryBuild, DeliveryTrack } from '../../api/delivery/delivery.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { pinConfig } from '../../api/build/config.ts';
import { backendName, bucketSeed, candidateServiceName, configCopyName, routerName, trackDeploymentName, trackServiceName } from '../../api/names.ts';
import type { RouterBackend, RouterSpec } from '../../api/router/router.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ConfigMap, Deployment, PodTemplateSpec, Service } from '../../kubernetes/types.generated.ts';
import { fillPlaceholders } from '../../api/application/placeholders.ts';
import { autoscaler, disruptionBudget, spread } from './availability.ts';
import type { RouterRenderer } from './router-renderer.ts';
import { routerTier } from './router-tier.ts';
import { metadata, nameOf, serviceLabels, servicePorts } from './spec-metadata.ts';
import type { Takeover } from './takeover.ts';

const NO_VERSION = 'none';
const PRE_STOP_SECONDS = 3;

export interface RenderInput {
  readonly application: Application;
  readonly delivery: Delivery;
  /** By name; a Build that the Delivery names and that is not here is an error of the caller. */
  readonly builds: ReadonlyMap<string, Build>;
  readonly provider: RouterSpec['provider'];
  /** How the routers run. Absent: there are none, Gateways route. */
  readonly renderer?: RouterRenderer;
  /** What routes beside `provider` until that has taken over. */
  readonly takeover?: Takeover;
}

/** Every object that the Application is to have in the cluster, in the order in which they are applied: the Router last. */
export function render(input: RenderInput): KubernetesObject[] {
  const { application, delivery } = input;
  const router = routerSpec(input);
  const tier = routerTier(input, router);
  const tracks = delivery.spec.tracks.flatMap((held) => {
    const track = application.spec.tracks.find((t) => t.name === held.name);
    return track === undefined ? [] : [{ track, held }];
  });
  return [
    ...tracks.map(({ track, held }) => trackService(input, track, held)),
    ...tier.services,
    ...tier.configMaps,
    ...configCopies(input),
    ...tracks.flatMap(({ track, held }) => held.builds.map((b) => versionService(input, track, b.build))),
    ...tracks.flatMap(({ track, held }) => held.builds.map((b) => trackDeployment(input, track, b))),
    ...tier.deployments,
    ...tracks.flatMap(({ track, held }) => held.builds.flatMap((b) => (b.autoscaled === true && track.autoscaling !== undefined ? [autoscaler(application, track, track.autoscaling, versionOf(input.builds, b.build))] : []))),
    ...tracks.flatMap(({ track, held }) => (held.serving === undefined ? [] : disruptionBudget(application, trackServiceName(nameOf(application), track), serviceLabels(application, track), versionSelector(application, track, versionOf(input.builds, held.serving)), { replicas: track.replicas, floor: floorOf(track) }))),
    ...tier.budgets,
    { apiVersion: API_VERSION, kind: 'Router', metadata: metadata(application, routerName(nameOf(application)), {}), spec: router } as KubernetesObject,
  ];
}

/** Traffic rules that follow from what each track holds. */
export function routerSpec({ application, delivery, builds, provider, takeover }: Omit<RenderInput, 'renderer'>): RouterSpec {
  const name = nameOf(application);
  const last = delivery.spec.tracks.at(-1);
  const rules = resolveApplication(application).tracks;
  const backends: RouterBackend[] = delivery.spec.tracks.flatMap((held) => {
    const track = application.spec.tracks.find((t) => t.name === held.name);
    if (track === undefined) return [];
    return held.builds.map(({ build }) => ({
      name: backendName(track.name, versionOf(builds, build)), track: track.name, version: versionOf(builds, build),
      service: candidateServiceName(name, track, versionOf(builds, build)), floor: floorOf(track),
    }));
  });
  const reference = (track: string, build: string): string => backendName(track, versionOf(builds, build));
  const newest = delivery.spec.tracks[0]?.builds.at(-1)?.build;
  const gateway = application.spec.router?.gateway ?? takeover?.gateway;
  const lists = application.spec.tracks.at(-1)?.users;
  const salt = application.spec.reshuffle === 'perRelease' ? newest : undefined;
  return {
    application: name,
    provider,
    ...(takeover === undefined ? {} : { leaving: takeover.leaving }),
    ...(gateway === undefined ? {} : { gateway }),
    port: application.spec.ports[0]?.port ?? 8080,
    userId: application.spec.userId ?? { header: 'X-User-Id' },
    defaultSegment: application.spec.defaultSegment ?? 'PAID',
    ...(application.spec.router?.edge ? { edge: true } : {}),
    backends,
    routes: delivery.spec.tracks.flatMap((held) => {
      const track = application.spec.tracks.find((t) => t.name === held.name);
      if (track?.segment === undefined) return [];
      return [{
        segment: track.segment,
        ...(held.serving === undefined ? {} : { backend: reference(held.name, held.serving) }),
        share: held.serving === undefined || held.closed === true ? 0 : Math.round(held.percent * 100),
        ...(held.serving === undefined || held.closed === true ? {} : listed('include', track.users?.include)),
        ...listed('exclude', track.users?.exclude),
        strict: rules.find((t) => t.name === track.name)?.strict ?? false,
        seed: bucketSeed(name, track.segment, salt),
      }];
    }),
    production: {
      ...(last?.serving === undefined ? {} : { backend: reference(last.name, last.serving) }),
      ...(last?.next === undefined ? {} : { next: { backend: reference(last.name, last.next.build), share: Math.round(last.next.percent * 100) } }),
      ...listed('include', lists?.include),
      ...listed('exclude', lists?.exclude),
      seed: bucketSeed(name, 'PRODUCTION', salt),
    },
  };
}

function listed(name: 'include' | 'exclude', users: readonly string[] = []): { include?: string[]; exclude?: string[] } {
  return users.length === 0 ? {} : { [name]: [...users].sort() };
}

/** Without `replicas` where an autoscaler chooses them: they are no part of the record. */
function trackDeployment(input: RenderInput, track: Track, { build: buildName, replicas, autoscaled }: DeliveryBuild): Deployment {
  const { application, builds } = input;
  const version = versionOf(builds, buildName);
  const selector = versionSelector(application, track, version);
  return {
    apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: metadata(application, trackDeploymentName(nameOf(application), track, version), { ...serviceLabels(application, track), ...selector, [LABELS.build]: buildName }),
    spec: {
      ...(autoscaled === true ? {} : { replicas }),
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: application.spec.progressDeadlineSeconds ?? 300,
      template: podTemplate(input, track, buildName, { ...serviceLabels(application, track), ...selector }, selector),
    },
  };
}

/** ConfigMaps as each held Build was made with them; those of Secrets are made where their content is, outside the record. */
function configCopies({ application, delivery, builds }: RenderInput): ConfigMap[] {
  const held = new Set(delivery.spec.tracks.flatMap((t) => t.builds.map((b) => b.build)));
  const copies = new Map<string, ConfigMap>();
  for (const { name, digest, data, binaryData } of [...held].flatMap((build) => builds.get(build)?.spec.config?.configMaps ?? [])) {
    const copy = configCopyName(name, digest);
    copies.set(copy, { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(application, copy, { [LABELS.app]: nameOf(application) }), immutable: true, ...(data && { data }), ...(binaryData && { binaryData }) });
  }
  return [...copies.values()];
}

function podTemplate({ application, builds }: RenderInput, track: Track, buildName: string, labels: Record<string, string>, selector: Record<string, string>): PodTemplateSpec {
  const build = builds.get(buildName);
  const filled = pinConfig(fillPlaceholders(application.spec.template, {
    image: build?.spec.image ?? '', version: versionOf(builds, buildName), track: track.name, application: nameOf(application), commit: build?.spec.commit ?? '',
  }), build?.spec.config);
  const drainSeconds = application.spec.drainSeconds ?? 10;
  return {
    ...filled,
    metadata: { ...filled.metadata, labels: { ...filled.metadata?.labels, ...labels } },
    spec: filled.spec && {
      ...filled.spec,
      topologySpreadConstraints: filled.spec.topologySpreadConstraints ?? spread(selector),
      terminationGracePeriodSeconds: filled.spec.terminationGracePeriodSeconds ?? Math.max(30, drainSeconds + PRE_STOP_SECONDS + 5),
      containers: filled.spec.containers.map((c) => (c.lifecycle?.preStop ? c : { ...c, lifecycle: { ...c.lifecycle, preStop: { sleep: { seconds: PRE_STOP_SECONDS } } } })),
    },
  };
}

/** Keeps its name and ClusterIP for good, and selects the version that the track serves. */
function trackService({ application, builds }: RenderInput, track: Track, held: DeliveryTrack): Service {
  const version = held.serving === undefined ? NO_VERSION : versionOf(builds, held.serving);
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: metadata(application, trackServiceName(nameOf(application), track), serviceLabels(application, track)),
    spec: { selector: versionSelector(application, track, version), ports: servicePorts(application) },
  };
}

/** Selects one version of one track: the routers' servers come from its EndpointSlices, test jobs call it before the track serves it. */
function versionService({ application, builds }: RenderInput, track: Track, buildName: string): Service {
  const version = versionOf(builds, buildName);
  const selector = versionSelector(application, track, version);
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: metadata(application, candidateServiceName(nameOf(application), track, version), { [LABELS.app]: nameOf(application), [LABELS.tier]: 'version', ...selector }),
    spec: { clusterIP: 'None', selector, ports: servicePorts(application) },
  };
}

const versionSelector = (application: Application, track: Track, version: string): Record<string, string> => ({ [LABELS.application]: nameOf(application), [LABELS.track]: track.name, [LABELS.version]: version });
const floorOf = (track: Track): number => track.endpointFloor ?? Math.min(2, track.replicas);

function versionOf(builds: ReadonlyMap<string, Build>, name: string): string {
  const build = builds.get(name);
  if (build === undefined) throw new MissingBuildError(name);
  return build.spec.version;
}

/** The Delivery names a Build that the cluster does not have (any more). */
export class MissingBuildError extends Error {
  override readonly name = 'MissingBuildError';
  readonly build: string;

  constructor(build: string) {
    super(`Build ${build} does not exist: what a track holds is made from its Build; push it again with the same version`);
    this.build = build;
  }
}
