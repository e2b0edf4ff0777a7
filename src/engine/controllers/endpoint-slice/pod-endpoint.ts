import { isReady, isTerminal } from '../../../kubernetes/pod-state.ts';
import type { DiscoveryV1EndpointPort, Endpoint, Pod, Service } from '../../../kubernetes/types.generated.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

/** A pod as one endpoint; undefined while it has no address of the family, and once it has ended. */
export function endpointOf(service: Service, pod: Pod, family: AddressFamily): Endpoint | undefined {
  const addresses = (pod.status?.podIPs ?? []).map((p) => p.ip).filter((ip) => ip !== undefined && ip.includes(':') === (family === 'IPv6'));
  const address = addresses[0];
  if (address === undefined || isTerminal(pod)) return undefined;
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const serving = isReady(pod) || service.spec?.publishNotReadyAddresses === true;
  const hostname = pod.spec?.hostname !== undefined && pod.spec.subdomain === service.metadata?.name ? pod.spec.hostname : undefined;
  return {
    addresses: [address],
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    nodeName: pod.spec?.nodeName,
    targetRef: { kind: 'Pod', namespace: pod.metadata?.namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
  };
}

/** The Service's ports as numbers of this pod. A port that the pod does not name is left out. */
export function portsOf(service: Service, pod: Pod): DiscoveryV1EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const protocol = port.protocol ?? 'TCP';
    const target = port.targetPort ?? port.port;
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
    const number = typeof target === 'number' ? target : containers.flatMap((c) => c.ports ?? []).find((p) => p.name === target && (p.protocol ?? 'TCP') === protocol)?.containerPort;
    return number === undefined ? [] : [{ name: port.name ?? '', port: number, protocol, ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) }];
  });
}
