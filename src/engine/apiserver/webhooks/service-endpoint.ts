import type { EndpointSlice, Service } from '../../../kubernetes/types.generated.ts';
import type { Lookups } from '../admission/admission.ts';
import type { Random } from '../../../runtime/clock.ts';

/** Where a connection to a Service goes. */
export interface ServiceEndpoint {
  readonly host: string;
  readonly port: number;
  /** Of the certificate that answers there: `name.namespace.svc`. */
  readonly serverName: string;
}

/** No connection to a Service can be made now. */
export class NoEndpointError extends Error {
  override readonly name = 'NoEndpointError';
}

/** One of a Service's ready endpoints: the server reaches them itself, so that webhooks work before the network's proxy does.
 *  @throws {NoEndpointError} where the Service, the port or a ready endpoint is missing */
export function serviceEndpoint(reference: { readonly namespace?: string; readonly name?: string; readonly port?: number }, lookups: Lookups, random: Random): ServiceEndpoint {
  const { namespace = '', name = '', port = 443 } = reference;
  const serverName = `${name}.${namespace}.svc`;
  const service = lookups.get('', 'Service', namespace, name) as Service | undefined;
  if (service === undefined) throw new NoEndpointError(`service ${namespace}/${name} is not there`);
  if (service.spec?.type === 'ExternalName') return { host: service.spec.externalName ?? '', port, serverName };
  const wanted = service.spec?.ports?.find((p) => p.port === port);
  if (wanted === undefined) throw new NoEndpointError(`service ${namespace}/${name} has no port ${port}`);
  const slices = (lookups.list('discovery.k8s.io', 'EndpointSlice', namespace) as readonly EndpointSlice[]).filter((s) => s.metadata?.labels?.['kubernetes.io/service-name'] === name);
  const found = slices.flatMap((slice) => {
    const at = slice.ports?.find((p) => (p.name ?? '') === (wanted.name ?? ''))?.port;
    if (at === undefined) return [];
    return (slice.endpoints ?? []).filter((e) => e.conditions?.ready !== false).flatMap((e) => e.addresses.map((host) => ({ host, port: at, serverName })));
  });
  const chosen = found[Math.floor(random.next() * found.length)];
  if (chosen === undefined) throw new NoEndpointError(`no endpoint of service ${namespace}/${name} is ready`);
  return chosen;
}
