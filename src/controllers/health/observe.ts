import type { Application } from '../../api/application/application.ts';
import { resolveApplication } from '../../api/application/defaults.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { LABELS } from '../../api/group.ts';
import { resolveHealthPolicy, type HealthPolicy, type ResolvedHealthPolicy } from '../../api/health-policy/health-policy.ts';
import { Applications, Deliveries, HealthPolicies, Releases, Routers } from '../../api/kinds.ts';
import { candidateServiceName, routerName, trackServiceName } from '../../api/names.ts';
import type { Release } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import { Deployments, EndpointSlices, HorizontalPodAutoscalers, Services } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { selectsAll } from '../../kubernetes/label-selector.ts';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler, Service } from '../../kubernetes/types.generated.ts';
import type { ServiceInput, TrackInput, VersionInput } from './service-input.ts';

/** Where the policy stands that holds for every namespace without one, and the channels that hear of every namespace. */
export const HEALTH_NAMESPACE = 'aweigh-system';

/** Everything that health is read from, as it is in the cluster right now. */
export interface HealthResources {
  readonly applications: readonly Application[];
  readonly deliveries: readonly Delivery[];
  readonly releases: readonly Release[];
  readonly policies: readonly HealthPolicy[];
  readonly routers: readonly Router[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly deployments: readonly Deployment[];
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
}

/** The kinds of {@link HealthResources}, by its fields. */
export const HEALTH_KINDS = {
  applications: Applications, deliveries: Deliveries, releases: Releases, policies: HealthPolicies, routers: Routers,
  services: Services, endpointSlices: EndpointSlices, deployments: Deployments, autoscalers: HorizontalPodAutoscalers,
} as const satisfies Record<keyof HealthResources, unknown>;

/** @param list every object of a kind; none where the cluster does not know the kind */
export function healthResources(list: <T extends KubernetesObject>(kind: Resource<T>) => readonly T[]): HealthResources {
  return {
    applications: list(Applications), deliveries: list(Deliveries), releases: list(Releases), policies: list(HealthPolicies), routers: list(Routers),
    services: list(Services), endpointSlices: list(EndpointSlices), deployments: list(Deployments), autoscalers: list(HorizontalPodAutoscalers),
  };
}

/** Every service of the cluster: each Application, and what Services labelled `tier: service` share one label `app`. */
export function observeServices(resources: HealthResources, now: number): ServiceInput[] {
  const lookup = indexResources(resources);
  const names = new Map<string, { namespace: string; service: string }>();
  for (const { metadata } of resources.applications) remember(names, metadata?.namespace, metadata?.name);
  for (const key of lookup.trackServices.keys()) remember(names, ...(key.split('/') as [string, string]));
  return [...names.values()].map(({ namespace, service }) => observeService(lookup, namespace, service, now));
}

function remember(names: Map<string, { namespace: string; service: string }>, namespace = '', service = ''): void {
  names.set(`${namespace}/${service}`, { namespace, service });
}

/** The resources by what they belong to. Keys are `namespace/name`. */
interface Lookup {
  readonly applications: ReadonlyMap<string, Application>;
  readonly deliveries: ReadonlyMap<string, Delivery>;
  readonly releases: ReadonlyMap<string, readonly Release[]>;
  readonly policies: ReadonlyMap<string, HealthPolicy>;
  readonly routers: ReadonlyMap<string, Router>;
  /** Services labelled `tier: service`, by their label `app`. */
  readonly trackServices: ReadonlyMap<string, readonly Service[]>;
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  /** Deployments with a track, by the service that they belong to. */
  readonly versions: ReadonlyMap<string, readonly Deployment[]>;
  readonly autoscalers: ReadonlyMap<string, HorizontalPodAutoscaler>;
}

function indexResources(resources: HealthResources): Lookup {
  const own = ({ metadata }: KubernetesObject): string => `${metadata?.namespace}/${metadata?.name}`;
  const services = resources.services.filter((s) => trackServiceOf(s) !== undefined);
  return {
    applications: new Map(resources.applications.map((a) => [own(a), a])),
    deliveries: new Map(resources.deliveries.map((d) => [own(d), d])),
    releases: Map.groupBy(resources.releases, (r) => `${r.metadata?.namespace}/${r.spec.application}`),
    policies: new Map(resources.policies.map((p) => [p.metadata?.namespace ?? '', p])),
    routers: new Map(resources.routers.map((r) => [own(r), r])),
    trackServices: Map.groupBy(services, (s) => trackServiceOf(s) ?? ''),
    slices: Map.groupBy(resources.endpointSlices, serviceOf),
    deployments: new Map(resources.deployments.map((d) => [own(d), d])),
    versions: Map.groupBy(resources.deployments.filter((d) => label(d, LABELS.track) !== undefined && belongsTo(d) !== undefined), (d) => `${d.metadata?.namespace}/${belongsTo(d)}`),
    autoscalers: new Map(resources.autoscalers.filter((h) => h.spec?.scaleTargetRef.kind === 'Deployment').map((h) => [`${h.metadata?.namespace}/${h.spec?.scaleTargetRef.name}`, h])),
  };
}

/** `namespace/name` of the service that a Service is a track of; undefined where it is none. */
export function trackServiceOf({ metadata }: Service): string | undefined {
  const { [LABELS.tier]: tier, [LABELS.app]: app } = metadata?.labels ?? {};
  return tier !== 'service' || app === undefined ? undefined : `${metadata?.namespace}/${app}`;
}

export const serviceOf = (slice: EndpointSlice): string => `${slice.metadata?.namespace}/${slice.metadata?.labels?.['kubernetes.io/service-name']}`;
/** Labels stand on the Deployment, or on its pods alone. */
const label = ({ metadata, spec }: Deployment, name: string): string | undefined => metadata?.labels?.[name] ?? spec?.template.metadata?.labels?.[name];
export const belongsTo = (deployment: Deployment): string | undefined => label(deployment, LABELS.application) ?? label(deployment, LABELS.app);

function observeService(lookup: Lookup, namespace: string, service: string, now: number): ServiceInput {
  const key = `${namespace}/${service}`;
  const application = lookup.applications.get(key), delivery = lookup.deliveries.get(key);
  const services = lookup.trackServices.get(key) ?? [];
  const policy = resolveHealthPolicy(lookup.policies.get(namespace) ?? lookup.policies.get(HEALTH_NAMESPACE));
  const versions = lookup.versions.get(key) ?? [];
  const router = lookup.deployments.get(`${namespace}/${routerName(service)}`);
  const rules = lookup.routers.get(`${namespace}/${routerName(service)}`);
  const tracks = application === undefined ? labelledTracks(lookup, namespace, services, versions, policy) : recordedTracks(lookup, application, delivery, services);
  return {
    namespace, service, releases: lookup.releases.get(key) ?? [], tracks, policy, now,
    ...(application && { application }), ...(delivery && { delivery }), ...(router && { router }), ...(rules !== undefined && gatewaysPart(rules)),
    wantsRouter: application !== undefined || router !== undefined || services.some((s) => s.metadata?.labels?.[LABELS.loadBalancer] !== undefined),
    deployments: versions.map((deployment): VersionInput => ({ deployment, held: application === undefined ? isSelected(deployment, services) : isRecorded(deployment, delivery) })),
  };
}

function gatewaysPart(router: Router): Pick<ServiceInput, 'routedByGateways' | 'ledByGateways'> {
  const { provider, leaving, gateway } = router.spec;
  if ((leaving ?? provider) === 'gateway-api') return { routedByGateways: router };
  return gateway === undefined || leaving !== undefined ? {} : { ledByGateways: router };
}

function recordedTracks(lookup: Lookup, application: Application, delivery: Delivery | undefined, services: readonly Service[]): TrackInput[] {
  const { namespace = '', name = '' } = application.metadata ?? {};
  return resolveApplication(application).tracks.map((track) => {
    const service = services.find((s) => s.metadata?.name === trackServiceName(name, track));
    const held = delivery?.spec.tracks.find((t) => t.name === track.name);
    const serving = held?.builds.find((b) => b.build === held.serving);
    const deployment = (lookup.versions.get(`${namespace}/${name}`) ?? []).find((d) => label(d, LABELS.track) === track.name && label(d, LABELS.build) === serving?.build);
    const autoscaler = lookup.autoscalers.get(`${namespace}/${deployment?.metadata?.name}`);
    const wanted = autoscaler === undefined ? (serving?.replicas ?? track.replicas) : (deployment?.spec?.replicas ?? track.replicas);
    return {
      name: track.name, floor: track.endpointFloor, recorded: serving !== undefined, wanted, most: Math.max(wanted, autoscaler?.spec?.maxReplicas ?? 0),
      selector: `${LABELS.application}=${name},${LABELS.track}=${track.name}`, // The routers' servers come from the version's own Service; the track's follows it.
      ready: serving === undefined ? 0 : readyEndpoints(lookup, namespace, candidateServiceName(name, track, versionOf(name, serving.build))),
      ...(service?.metadata?.name && { trackService: service.metadata.name }), ...(serving && { version: versionOf(name, serving.build) }),
    };
  });
}

function labelledTracks(lookup: Lookup, namespace: string, services: readonly Service[], versions: readonly Deployment[], policy: ResolvedHealthPolicy): TrackInput[] {
  const there = services.map((service): TrackInput => {
    const { labels, name = '' } = service.metadata ?? {};
    const selected = versions.filter((d) => isSelected(d, [service]));
    const wanted = selected.reduce((sum, d) => sum + (d.spec?.replicas ?? 1), 0);
    const most = selected.reduce((sum, d) => sum + Math.max(d.spec?.replicas ?? 1, lookup.autoscalers.get(`${namespace}/${d.metadata?.name}`)?.spec?.maxReplicas ?? 0), 0);
    const version = selected.length === 1 ? label(selected[0]!, LABELS.version) : undefined;
    return {
      name: labels?.[LABELS.track] ?? name, trackService: name, ready: readyEndpoints(lookup, namespace, name), wanted, most, floor: policy.endpointFloor,
      selector: Object.entries(service.spec?.selector ?? {}).map(([k, v]) => `${k}=${v}`).join(','), ...(version && { version }),
    };
  });
  const missing = policy.tracks.filter((name) => !there.some((t) => t.name === name)).map((name): TrackInput => ({ name, ready: 0, wanted: policy.endpointFloor, most: policy.endpointFloor, floor: policy.endpointFloor, selector: `${LABELS.track}=${name}` }));
  const order = (track: TrackInput): number => (policy.tracks.indexOf(track.name) + 1 || policy.tracks.length + 1);
  return [...there, ...missing].sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
}

/** Names of Builds are the Application's name and the version. */
const versionOf = (application: string, build: string): string => build.slice(application.length + 1);

function readyEndpoints(lookup: Lookup, namespace: string, service: string): number {
  const addresses = new Set<string>();
  for (const slice of lookup.slices.get(`${namespace}/${service}`) ?? []) {
    for (const { conditions, targetRef, addresses: at } of slice.endpoints ?? []) if (conditions?.ready !== false) addresses.add(targetRef?.uid ?? at[0] ?? '');
  }
  return addresses.size;
}

function isSelected(deployment: Deployment, services: readonly Service[]): boolean {
  return services.some((s) => s.spec?.selector !== undefined && selectsAll(s.spec.selector, deployment.spec?.template.metadata?.labels));
}

/** Nothing is known to be forgotten without a record, or while the cluster still follows it. */
function isRecorded(deployment: Deployment, delivery: Delivery | undefined): boolean {
  if (delivery === undefined || delivery.status?.observedGeneration !== delivery.metadata?.generation) return true;
  const track = label(deployment, LABELS.track), build = label(deployment, LABELS.build);
  return delivery.spec.tracks.some((t) => t.name === track && t.builds.some((b) => b.build === build));
}
