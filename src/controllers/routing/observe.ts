import { LABELS } from '../../api/group.ts';
import { Routers } from '../../api/kinds.ts';
import type { Router } from '../../api/router/router.ts';
import { EndpointSlices, Pods, Secrets, Services } from '../../client/kinds.ts';
import type { ObjectKey } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { EndpointSlice, Pod, Secret, Service } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { podKindOf } from './entry.ts';
import type { TrafficServer } from './traffic-provider.ts';

/** On router pods: the name of their Router. Only such pods are watched. */
export const ROUTER_LABEL = LABELS.router;
const SERVICE_NAME = 'kubernetes.io/service-name';
const ENDED = ['Succeeded', 'Failed'];
const BY_ROUTER = 'routing/router';
const BY_SERVICE = 'routing/service';

export interface ObservedPod {
  readonly pod: Pod;
  readonly name: string;
  readonly address: string;
  readonly uid: string;
  readonly terminating: boolean;
}

export interface Observed {
  readonly router: Router;
  readonly pods: readonly ObservedPod[];
  /** Pods that are to become routers, and cannot be told yet. */
  readonly arriving: number;
  /** Ready endpoints of the routers' own Service. */
  readonly entrances: number;
  /** Servers of each backend of the spec, by backend name. */
  readonly servers: ReadonlyMap<string, readonly TrafficServer[]>;
  readonly podSecret: Secret | undefined;
  readonly clientSecret: Secret | undefined;
}

export function indexRouting(context: ControllerContext): void {
  context.informer(Pods, ROUTER_LABEL).addIndex(BY_ROUTER, podRouter);
  context.informer(EndpointSlices).addIndex(BY_SERVICE, sliceService);
  context.informer(Services);
}

const podRouter = (pod: Pod): readonly string[] => {
  const name = pod.metadata?.labels?.[ROUTER_LABEL];
  return name === undefined ? [] : [`${pod.metadata?.namespace ?? ''}/${name}`];
};
const sliceService = (slice: EndpointSlice): readonly string[] => {
  const name = slice.metadata?.labels?.[SERVICE_NAME];
  return name === undefined ? [] : [`${slice.metadata?.namespace ?? ''}/${name}`];
};

export const podSecretName = (router: string): string => `${router}-tls`;
export const clientSecretName = (router: string): string => `${router}-client`;

/** Undefined when the Router is gone. */
export async function observe(context: ControllerContext, key: ObjectKey, secrets: SecretCache): Promise<Observed | undefined> {
  const router = context.informer(Routers).get(key);
  if (router === undefined) return undefined;
  const namespace = key.namespace ?? '';
  const there = context.informer(Pods, ROUTER_LABEL).byIndex(BY_ROUTER, `${namespace}/${key.name}`);
  const pods = there.flatMap((pod): ObservedPod[] => {
    const { name, uid, deletionTimestamp } = pod.metadata ?? {};
    const address = pod.status?.podIP;
    if (name === undefined || address === undefined || address === '' || pod.status?.phase !== 'Running') return [];
    return [{ pod, name, address, uid: uid ?? '', terminating: deletionTimestamp !== undefined }];
  });
  const endpointsOf = (service: string): TrafficServer[] =>
    serversOf(context.informer(Services).get({ namespace, name: service }), context.informer(EndpointSlices).byIndex(BY_SERVICE, `${namespace}/${service}`), router.spec.port);
  const servers = new Map(router.spec.backends.map((backend) => [backend.name, endpointsOf(backend.service)]));
  // Gateways are told through the API alone.
  if (podKindOf(router.spec) === undefined) return { router, pods: [], arriving: 0, entrances: 0, servers, podSecret: undefined, clientSecret: undefined };
  const arriving = there.filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && !ENDED.includes(status?.phase ?? '')).length - pods.filter((p) => !p.terminating).length;
  return { router, pods, arriving, entrances: endpointsOf(key.name).filter((s) => !s.draining).length, servers, ...(await secrets.read(context, key)) };
}

/** Ready endpoints, and those that terminate but still serve, in a steady order. @param port the Service port that routers forward */
export function serversOf(service: Service | undefined, slices: readonly EndpointSlice[], port: number): TrafficServer[] {
  const portName = service?.spec?.ports?.find((p) => p.port === port)?.name ?? service?.spec?.ports?.[0]?.name;
  const servers = new Map<string, TrafficServer>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const number = (slice.ports?.find((p) => portName !== undefined && p.name === portName) ?? slice.ports?.[0])?.port;
    if (number === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const address = addresses[0];
      const ready = conditions?.ready !== false && conditions?.terminating !== true;
      // One that is not ready is drained as well: its last requests may still run.
      if (address === undefined || (!ready && conditions?.serving !== true && conditions?.terminating !== true)) continue;
      const id = `${address}:${number}`;
      if (!servers.has(id) || ready) servers.set(id, { address, port: number, draining: !ready });
    }
  }
  return [...servers.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** The two Secrets of each Router, read once and again when told to: they are not watched, so that no other Secret is ever held. */
export class SecretCache {
  readonly #known = new Map<string, { podSecret: Secret; clientSecret: Secret }>();

  async read({ client, signal }: ControllerContext, { namespace, name }: ObjectKey): Promise<Pick<Observed, 'podSecret' | 'clientSecret'>> {
    const id = `${namespace}/${name}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const get = async (secret: string): Promise<Secret | undefined> => {
      try {
        return await client.get(Secrets, { namespace, name: secret }, { signal });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    };
    const [podSecret, clientSecret] = await Promise.all([get(podSecretName(name)), get(clientSecretName(name))]);
    // Of the pods' nothing is needed but that it is there, and keys of no use here are not kept in memory.
    if (podSecret !== undefined && clientSecret !== undefined) this.#known.set(id, { podSecret: named(podSecret), clientSecret: { ...named(clientSecret), ...(clientSecret.data && { data: clientSecret.data }) } });
    return { podSecret, clientSecret };
  }

  forget({ namespace, name }: ObjectKey): void {
    this.#known.delete(`${namespace}/${name}`);
  }
}

const named = ({ metadata }: Secret): Secret => ({ metadata: { ...(metadata?.namespace && { namespace: metadata.namespace }), ...(metadata?.name && { name: metadata.name }) } });
