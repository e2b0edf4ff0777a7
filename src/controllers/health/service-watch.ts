import { LABELS } from '../../api/group.ts';
import type { HealthPolicy } from '../../api/health-policy/health-policy.ts';
import { Applications, Deliveries, HealthPolicies, Releases, Routers } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import type { Release } from '../../api/release/release.ts';
import { Deployments, EndpointSlices, HorizontalPodAutoscalers, Services } from '../../client/kinds.ts';
import { keyOf, keyString, parseKey, type KubernetesObject, type Resource } from '../../client/resource.ts';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler, Service } from '../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type Source } from '../../runtime/controller.ts';
import { evaluate } from './evaluate.ts';
import type { Finding } from './finding.ts';
import { belongsTo, healthResources, observeServices, serviceOf, trackServiceOf, type HealthResources } from './observe.ts';
import type { ServiceInput } from './service-input.ts';
import { HEALTH_STATE } from './state.ts';

/** Indexes by `namespace/name` of the service, or of what the name says. */
const BY_SERVICE = 'health/service';
const BY_KUBERNETES_SERVICE = 'health/kubernetes-service';
const BY_TARGET = 'health/target';

/** Which services are looked at anew: those of which something changed; those, and the others' age, which is a rule of its own; or all resources. */
export type Looked = 'changed' | 'aged' | 'all';

interface Seen {
  readonly input: ServiceInput;
  readonly findings: readonly Finding[];
}

/** What was seen of each service last: only those of which something changed are looked at anew, however large the installation is. */
export class ServiceWatch {
  /** Wake the health controller for what belongs to a service. */
  readonly sources: readonly Source[];
  readonly #informer: ControllerContext['informer'];
  readonly #seen = new Map<string, Seen>();
  readonly #changed = new Set<string>();
  /** By `namespace/name` of the Deployment of its routers. */
  readonly #routers = new Map<string, string>();
  #allChanged = true;

  constructor({ informer }: Pick<ControllerContext, 'informer'>) {
    this.#informer = informer;
    informer(Releases).addIndex(BY_SERVICE, ofRelease);
    informer(Services).addIndex(BY_SERVICE, ofService);
    informer(Deployments).addIndex(BY_SERVICE, ofDeployment);
    informer(EndpointSlices).addIndex(BY_SERVICE, ofLabels);
    informer(EndpointSlices).addIndex(BY_KUBERNETES_SERVICE, ofSlice);
    informer(HorizontalPodAutoscalers).addIndex(BY_TARGET, ofTarget);
    const changes = <T extends KubernetesObject>(kind: Resource<T>, servicesOf: (object: T) => readonly string[]): Source => source(kind, (object) => {
      const services = servicesOf(object);
      for (const service of services) this.#changed.add(service);
      return services.length === 0 ? [] : [HEALTH_STATE];
    });
    this.sources = [
      changes(Applications, (application) => [idOf(application)]),
      changes(Deliveries, (delivery) => [idOf(delivery)]),
      changes(Releases, ofRelease),
      changes(Routers, ({ metadata, spec }) => [`${metadata?.namespace}/${spec.application}`]),
      changes(Services, ofService),
      changes(Deployments, (deployment) => [...ofDeployment(deployment), ...ofLabels(deployment), ...some(this.#routers.get(idOf(deployment)))]),
      changes(EndpointSlices, (slice) => [...ofLabels(slice), ...ofSlice(slice).flatMap((name) => ofService(informer(Services).get(parseKey(name))))]),
      changes(HorizontalPodAutoscalers, (autoscaler) => ofTarget(autoscaler).flatMap((name) => ofDeployment(informer(Deployments).get(parseKey(name))))),
      source<HealthPolicy>(HealthPolicies, () => { this.#allChanged = true; return [HEALTH_STATE]; }),
    ];
  }

  /** Every service as it is now, with what is wrong with it. */
  look(now: number, which: Looked): readonly Seen[] {
    const all = which === 'all' || this.#allChanged;
    if (all) this.#seen.clear();
    const resources = all ? healthResources((kind) => this.#informer(kind).list()) : this.#resourcesOf(this.#changed);
    for (const service of this.#changed) this.#seen.delete(service);
    this.#changed.clear();
    this.#allChanged = false;
    if (which === 'aged') for (const [id, { input }] of this.#seen) this.#judge(id, { ...input, now });
    for (const input of observeServices(resources, now)) {
      const id = `${input.namespace}/${input.service}`;
      this.#judge(id, input);
      this.#routers.set(`${input.namespace}/${routerName(input.service)}`, id);
    }
    return [...this.#seen.values()];
  }

  #judge(id: string, input: ServiceInput): void {
    this.#seen.set(id, { input, findings: evaluate(input).findings });
  }

  #resourcesOf(services: ReadonlySet<string>): HealthResources {
    const informer = this.#informer;
    const own = <T extends KubernetesObject>(kind: Resource<T>): T[] => [...services].flatMap((id) => some(informer(kind).get(parseKey(id))));
    const indexed = <T extends KubernetesObject>(kind: Resource<T>): T[] => [...services].flatMap((id) => informer(kind).byIndex(BY_SERVICE, id));
    const kubernetesServices = indexed(Services);
    const versions = indexed(Deployments);
    const ofRouters = <T extends KubernetesObject>(kind: Resource<T>): T[] => [...services].flatMap((id) => some(informer(kind).get({ ...parseKey(id), name: routerName(parseKey(id).name) })));
    const deployments = new Set([...versions, ...ofRouters(Deployments)]), slices = new Set([...indexed(EndpointSlices), ...kubernetesServices.flatMap((s) => informer(EndpointSlices).byIndex(BY_KUBERNETES_SERVICE, idOf(s)))]);
    return {
      applications: own(Applications), deliveries: own(Deliveries), releases: indexed(Releases), policies: informer(HealthPolicies).list(), routers: ofRouters(Routers),
      services: kubernetesServices, endpointSlices: [...slices], deployments: [...deployments],
      autoscalers: versions.flatMap((d) => informer(HorizontalPodAutoscalers).byIndex(BY_TARGET, idOf(d))),
    };
  }
}

const idOf = (object: KubernetesObject): string => keyString(keyOf(object));
const some = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

function ofLabels({ metadata }: KubernetesObject): string[] {
  const application = metadata?.labels?.[LABELS.application];
  return application === undefined ? [] : [`${metadata?.namespace}/${application}`];
}
const ofRelease = ({ metadata, spec }: Release): string[] => [`${metadata?.namespace}/${spec.application}`];
const ofService = (service: Service | undefined): string[] => (service === undefined ? [] : some(trackServiceOf(service)));
function ofDeployment(deployment: Deployment | undefined): string[] {
  const service = deployment === undefined ? undefined : belongsTo(deployment);
  return service === undefined ? [] : [`${deployment?.metadata?.namespace}/${service}`];
}
const ofSlice = (slice: EndpointSlice): string[] => [serviceOf(slice)];
const ofTarget = ({ metadata, spec }: HorizontalPodAutoscaler): string[] => (spec?.scaleTargetRef.kind === 'Deployment' ? [`${metadata?.namespace}/${spec.scaleTargetRef.name}`] : []);
