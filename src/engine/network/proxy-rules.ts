import type { EndpointSlice, Service } from '../../kubernetes/types.generated.ts';
import type { KnownState } from './known-state.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export type Protocol = 'TCP' | 'UDP';

/** One address and port to listen on, and where its connections go. */
export interface ProxyRule {
  /** `address:port`, with `/udp` for UDP: what makes a listener the same one. */
  readonly listen: string;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly namespace: string;
  readonly service: string;
  readonly serviceUid?: string;
  readonly targets: readonly Target[];
  /** How long a client address stays with its target; absent: round robin. */
  readonly affinityMs?: number;
}

const SERVICE_NAME = 'kubernetes.io/service-name';

export const isHeadless = (s: Service): boolean => s.spec?.clusterIP === 'None' || s.spec?.clusterIP === undefined || s.spec.clusterIP === '';

/** Slices by `namespace/service`. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const by = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata?.labels?.[SERVICE_NAME];
    if (name === undefined) continue;
    const key = `${slice.metadata?.namespace ?? ''}/${name}`;
    const list = by.get(key);
    if (list === undefined) by.set(key, [slice]);
    else list.push(slice);
  }
  return by;
}

/** Ready endpoints; where there are none, those that still serve while they terminate (KEP-1669). */
export function targetsOf(slices: readonly EndpointSlice[], portName: string | undefined, protocol: Protocol = 'TCP'): Target[] {
  const ready: Target[] = [];
  const terminating: Target[] = [];
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const port = slice.ports?.find((p) => (p.name ?? '') === (portName ?? '') && (p.protocol ?? 'TCP') === protocol)?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined) continue;
      if (endpoint.conditions?.ready !== false) ready.push({ address, port });
      else if (endpoint.conditions.serving === true && endpoint.conditions.terminating === true) terminating.push({ address, port });
    }
  }
  return ready.length > 0 ? ready : terminating;
}

/** Every listener that the Services ask for. @param nodeAddress where node ports listen */
export function proxyRules(state: KnownState, nodeAddress: string): ProxyRule[] {
  const slices = slicesByService(state.slices);
  const rules: ProxyRule[] = [];
  for (const service of state.services) {
    if (isHeadless(service) || service.spec?.type === 'ExternalName') continue;
    const namespace = service.metadata?.namespace ?? '';
    const name = service.metadata?.name ?? '';
    const affinityMs = service.spec?.sessionAffinity === 'ClientIP' ? (service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * 1000 : undefined;
    for (const port of service.spec?.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      if (protocol !== 'TCP' && protocol !== 'UDP') continue;
      const targets = targetsOf(slices.get(`${namespace}/${name}`) ?? [], port.name, protocol);
      const listeners = [{ address: service.spec?.clusterIP ?? '', port: port.port }];
      if (port.nodePort !== undefined && port.nodePort > 0) listeners.push({ address: nodeAddress, port: port.nodePort });
      for (const { address, port: number } of listeners) {
        rules.push({ listen: `${address}:${number}${protocol === 'UDP' ? '/udp' : ''}`, protocol, address, port: number, namespace, service: name, serviceUid: service.metadata?.uid, targets, affinityMs });
      }
    }
  }
  return rules;
}
