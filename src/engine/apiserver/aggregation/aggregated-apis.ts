import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../../client/resource.ts';
import type { APIResource, APIService, EndpointSlice } from '../../../kubernetes/types.generated.ts';
import type { Collection } from '../../store/collection.ts';
import { timestamp, type ApiContext } from '../context.ts';
import { genericStrategy } from '../kinds/generic-strategy.ts';
import type { ServedResource } from '../resources/served-resource.ts';
import { checkAvailability, type Availability } from './availability.ts';
import type { FrontProxy } from './front-proxy.ts';

/** A check follows each change, and each of these where nothing changes. */
const againMs = { available: 30_000, unavailable: 5000 };

/** The APIServices that a Service answers for: where their requests go, whether they are available, and what discovery says of them. */
export class AggregatedApis {
  readonly #api: ApiContext;
  readonly #proxy: FrontProxy;
  readonly #collection: Collection;
  /** By `group/version`. */
  readonly #byVersion = new Map<string, APIService>();
  readonly #timers = new Map<string, () => void>();
  readonly #found = new Map<string, readonly APIResource[]>();

  constructor(api: ApiContext, proxy: FrontProxy) {
    this.#api = api;
    this.#proxy = proxy;
    this.#collection = api.store.collection('apiregistration.k8s.io/apiservices');
  }

  /** From now on, until the server closes. */
  follow(): void {
    for (const record of this.#collection.records()) this.#changed(record.key, record.object as APIService);
    const stops = [
      this.#collection.subscribe((events) => { for (const e of events) this.#changed(e.key, e.current?.object as APIService | undefined, e.previous?.object as APIService | undefined); }),
      this.#api.store.collection('discovery.k8s.io/endpointslices').subscribe((events) => {
        if (this.#byVersion.size === 0) return;
        for (const { record } of events) this.#endpointsChanged(record.object as EndpointSlice);
      }),
    ];
    this.#api.closing.addEventListener('abort', () => {
      for (const stop of stops) stop();
      for (const cancel of this.#timers.values()) cancel();
    }, { once: true });
  }

  /** The APIService that answers for a path; undefined: this server does. */
  find(path: string): APIService | undefined {
    if (this.#byVersion.size === 0 || !path.startsWith('/apis/')) return undefined;
    const [, , group, version] = path.split('/', 4);
    return this.#byVersion.get(`${group}/${version}`);
  }

  #changed(name: string, service: APIService | undefined, previous?: APIService): void {
    const old = previous ?? [...this.#byVersion.values()].find((s) => s.metadata?.name === name);
    if (service?.spec?.service === undefined) {
      this.#timers.get(name)?.();
      this.#timers.delete(name);
      if (old?.spec !== undefined && this.#byVersion.delete(keyOf(old))) this.#show(name, undefined);
      return;
    }
    this.#byVersion.set(keyOf(service), service);
    if (previous === undefined || !isDeepStrictEqual(previous.spec, service.spec)) this.#check(name);
  }

  #endpointsChanged({ metadata }: EndpointSlice): void {
    for (const { metadata: own, spec } of this.#byVersion.values()) {
      if (spec?.service?.namespace === metadata?.namespace && spec?.service?.name === metadata?.labels?.['kubernetes.io/service-name']) this.#check(own?.name ?? '');
    }
  }

  #check(name: string): void {
    const { log, clock, closing } = this.#api;
    this.#timers.get(name)?.();
    this.#timers.set(name, () => {});
    const run = async (): Promise<void> => {
      const service = this.#collection.get(name)?.object as APIService | undefined;
      if (service?.spec?.service === undefined || closing.aborted) return;
      const availability = await checkAvailability(this.#api, this.#proxy, service);
      const latest = this.#api.store.head(this.#collection, name)?.object as APIService | undefined;
      if (closing.aborted || latest?.spec?.service === undefined) return;
      if (!isDeepStrictEqual(latest.spec, service.spec)) return;
      if (availability.resources !== undefined) this.#show(name, { service, resources: availability.resources });
      await this.#tell(name, latest, availability);
      this.#timers.get(name)?.();
      this.#timers.set(name, clock.after(availability.available ? againMs.available : againMs.unavailable, () => this.#check(name)));
    };
    run().catch((error: unknown) => log.error({ err: error, name }, 'The availability of an APIService could not be written'));
  }

  async #tell(name: string, service: APIService, { available, reason, message }: Availability): Promise<void> {
    const had = service.status?.conditions?.find((c) => c.type === 'Available');
    const status = available ? 'True' : 'False';
    if (had?.status === status && had.reason === reason && had.message === message) return;
    const lastTransitionTime = had?.status === status ? had.lastTransitionTime : timestamp(this.#api.clock.now());
    const others = (service.status?.conditions ?? []).filter((c) => c.type !== 'Available');
    await this.#api.store.put(this.#collection, name, { ...service, status: { ...service.status, conditions: [...others, { type: 'Available', status, reason, message, lastTransitionTime }] } } as KubernetesObject);
  }

  /** Puts what a server serves into discovery, or takes it out. */
  #show(name: string, known: { service: APIService; resources: readonly APIResource[] } | undefined): void {
    if (isDeepStrictEqual(this.#found.get(name), known?.resources)) return;
    if (known === undefined) this.#found.delete(name);
    else this.#found.set(name, known.resources);
    this.#api.registry.setCustom(`apiservice ${name}`, known === undefined ? [] : servedBy(known.service, known.resources));
  }
}

const keyOf = ({ spec }: APIService): string => `${spec?.group}/${spec?.version}`;

function servedBy({ spec }: APIService, resources: readonly APIResource[]): ServedResource[] {
  const { group = '', version = '' } = spec ?? {};
  return resources.filter((r) => !r.name.includes('/')).map((r): ServedResource => ({
    group, version, plural: r.name, singular: r.singularName, kind: r.kind, namespaced: r.namespaced, shortNames: r.shortNames ?? [], categories: r.categories ?? [], verbs: r.verbs,
    subresources: new Map(resources.filter((s) => s.name.startsWith(`${r.name}/`)).map((s) => {
      const name = s.name.slice(r.name.length + 1);
      return [name, { name, kind: s.kind, verbs: s.verbs, ...(s.group && { group: s.group }), ...(s.version && { version: s.version }) }];
    })),
    columns: [], storage: '', strategy: genericStrategy, schema: () => undefined,
  }));
}
