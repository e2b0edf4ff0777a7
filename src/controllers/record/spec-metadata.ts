import type { Application, Track } from '../../api/application/application.ts';
import { LABELS } from '../../api/group.ts';
import { routerName } from '../../api/names.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { Service } from '../../kubernetes/types.generated.ts';

/** Metadata of an object of the record: its labels say whose it is and that Aweigh keeps it. */
export function metadata(application: Application, name: string, labels: Record<string, string>): NonNullable<KubernetesObject['metadata']> {
  return {
    name,
    ...(application.metadata?.namespace === undefined ? {} : { namespace: application.metadata.namespace }),
    labels: { ...labels, [LABELS.application]: nameOf(application), 'app.kubernetes.io/managed-by': 'aweigh' },
  };
}

export const serviceLabels = (application: Application, track: Track): Record<string, string> => ({ [LABELS.app]: nameOf(application), [LABELS.tier]: 'service', [LABELS.track]: track.name, [LABELS.loadBalancer]: 'private' });
export const routerLabels = (application: Application): Record<string, string> => ({ [LABELS.app]: routerName(nameOf(application)), [LABELS.tier]: 'router', [LABELS.loadBalancer]: 'private' });
export const nameOf = (application: Application): string => application.metadata?.name ?? '';

/** Ports of each Service of the Application. */
export function servicePorts(application: Application): NonNullable<NonNullable<Service['spec']>['ports']> {
  // The only word for it that every Gateway knows: https://gateway-api.sigs.k8s.io/geps/gep-1911
  const spoken = (protocol: string): string => (protocol === 'grpc' && application.spec.router?.gateway !== undefined ? 'kubernetes.io/h2c' : protocol);
  return application.spec.ports.map((p) => ({ name: p.name, port: p.port, targetPort: p.targetPort ?? p.port, protocol: p.protocol ?? 'TCP', ...(p.appProtocol !== undefined && { appProtocol: spoken(p.appProtocol) }) }));
}
