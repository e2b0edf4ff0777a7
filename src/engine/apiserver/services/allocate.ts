import { invalid } from '../api-error.ts';
import type { KindObject } from '../kinds/strategy.ts';
import type { FieldError } from '../validation/field-error.ts';
import type { AddressPool } from './address-pool.ts';

const MAX_NODE_PORT = 32_767;

interface Port { port: number; nodePort?: number }
interface ServiceSpec { type?: string; externalTrafficPolicy?: string; healthCheckNodePort?: number; clusterIP?: string; clusterIPs?: string[]; ports?: Port[]; ipFamilies?: string[]; ipFamilyPolicy?: string; allocateLoadBalancerNodePorts?: boolean }

/** Gives a Service the addresses and node ports that its type needs, and takes the ones it names.
 *  @throws {StatusError} 422 when a named one is outside the range or another Service's */
export function allocateForService(service: KindObject, pool: AddressPool, dryRun = false): void {
  const spec = service['spec'] as ServiceSpec;
  if (spec.type === 'ExternalName') return;
  const ports = dryRun ? guessedPorts() : pool;
  const errors = [...allocateAddress(service, spec, pool), ...allocatePorts(service, spec, ports), ...allocateHealthPort(service, spec, ports)];
  if (errors.length > 0) throw invalid('', 'Service', service.metadata.name ?? '', errors);
}

function allocateAddress(service: KindObject, spec: ServiceSpec, pool: AddressPool): FieldError[] {
  const fixed = spec.clusterIP || spec.clusterIPs?.[0] || '';
  if (fixed === '') {
    const free = pool.allocate(ownerOf(service));
    if (free === undefined) return [{ type: 'Invalid', field: 'spec.clusterIPs', detail: 'The service range has no free address' }];
    spec.clusterIP = free;
  } else {
    const taken = fixed === 'None' ? 'taken' : pool.take(fixed, ownerOf(service));
    if (taken !== 'taken') return [{ type: 'Invalid', field: 'spec.clusterIPs', value: [fixed], detail: taken === 'inUse' ? 'Another Service has this address' : 'The address is not in the service range' }];
    spec.clusterIP = fixed;
  }
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  return [];
}

type PortPool = Pick<AddressPool, 'allocatePort' | 'takePort'>;

/** A dry run takes no port: it tells one that is likely, the next after those before it. */
function guessedPorts(): PortPool {
  let last = MAX_NODE_PORT + 1, isFirst = true;
  const take = (port: number): 'taken' => {
    last = Math.max(isFirst ? 0 : last, port);
    isFirst = false;
    return 'taken';
  };
  return {
    allocatePort() {
      take(last + 1);
      return last;
    },
    takePort: (port) => take(port),
  };
}

/** Where traffic stays on a node, load balancers ask each node whether it has an endpoint. */
function allocateHealthPort(service: KindObject, spec: ServiceSpec, pool: PortPool): FieldError[] {
  if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') return [];
  const at = 'spec.healthCheckNodePort';
  if (!spec.healthCheckNodePort) {
    const free = pool.allocatePort(ownerOf(service));
    if (free === undefined) return [{ type: 'Invalid', field: at, detail: 'No node port is free' }];
    spec.healthCheckNodePort = free;
    return [];
  }
  const taken = pool.takePort(spec.healthCheckNodePort, ownerOf(service));
  if (taken === 'taken') return [];
  return [{ type: 'Invalid', field: at, value: spec.healthCheckNodePort, detail: taken === 'inUse' ? 'Another Service has this port' : 'Node ports are 30000 to 32767' }];
}

function allocatePorts(service: KindObject, spec: ServiceSpec, pool: PortPool): FieldError[] {
  if (spec.type !== 'NodePort' && (spec.type !== 'LoadBalancer' || spec.allocateLoadBalancerNodePorts === false)) return [];
  return (spec.ports ?? []).flatMap((port, index): FieldError[] => {
    if (port.nodePort === undefined || port.nodePort === 0) {
      const free = pool.allocatePort(ownerOf(service));
      if (free === undefined) return [{ type: 'Invalid', field: `spec.ports[${index}].nodePort`, detail: 'No node port is free' }];
      port.nodePort = free;
      return [];
    }
    const taken = pool.takePort(port.nodePort, ownerOf(service));
    if (taken === 'taken') return [];
    return [{ type: 'Invalid', field: `spec.ports[${index}].nodePort`, value: port.nodePort, detail: taken === 'inUse' ? 'Another Service has this port' : 'Node ports are 30000 to 32767' }];
  });
}

/** Gives back all that a stored Service no longer has; with none remaining, all of it. */
export function releaseForService(pool: AddressPool, service: KindObject, remaining?: KindObject): void {
  const spec = remaining?.['spec'] as ServiceSpec | undefined;
  pool.release(ownerOf(service), { addresses: spec?.clusterIPs ?? [], ports: [...(spec?.ports ?? []).flatMap((p) => p.nodePort ?? []), ...(spec?.healthCheckNodePort ? [spec.healthCheckNodePort] : [])] });
}

function ownerOf(service: KindObject): string {
  return `${service.metadata.namespace ?? ''}/${service.metadata.name ?? ''}`;
}
