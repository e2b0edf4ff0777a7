import type { Application } from '../../api/application/application.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Container, Deployment, Pod, Service } from '../../kubernetes/types.generated.ts';
import { UserError } from '../user-error.ts';

/** Below it a router that is not root cannot listen. */
const FIRST_FREE_PORT = 1024;
const ROUTER_PORT = 8080;

/** An Application that runs what a Deployment runs: its template, and Bitmovin's four tracks, none larger than the Deployment itself.
 *  @throws {UserError} where the two do not fit together */
export function applicationFrom(deployment: Deployment, service: Service, name: string): Application {
  const { template } = deployment.spec ?? {};
  const [port, ...others] = service.spec?.ports ?? [];
  if (template?.spec === undefined || port === undefined) throw new UserError(`Service ${service.metadata?.name} has no port: a router needs one to listen on`);
  if (others.length > 0) throw new UserError(`Service ${service.metadata?.name} has ${others.length + 1} ports, and a router forwards one: adopt a Service with the port that users call, and leave the others where they are`);
  if (port.protocol !== undefined && port.protocol !== 'TCP') throw new UserError(`Port ${port.port} of Service ${service.metadata?.name} is ${port.protocol}: routers forward TCP`);
  const replicas = deployment.spec?.replicas ?? 1;
  const sized = (wanted: number): number => Math.max(1, Math.min(wanted, replicas));
  const [first, ...rest] = template.spec.containers;
  if (first === undefined) throw new UserError(`Deployment ${deployment.metadata?.name} has no container`);
  const containers: Container[] = [{ ...first, image: '${image}' }, ...rest];
  const listens = Number.isInteger(port.port) && (port.port ?? 0) >= FIRST_FREE_PORT ? (port.port as number) : ROUTER_PORT;
  return {
    apiVersion: API_VERSION, kind: 'Application',
    metadata: { name, ...(deployment.metadata?.namespace && { namespace: deployment.metadata.namespace }) },
    spec: {
      template: { ...(template.metadata && { metadata: { ...(template.metadata.labels && { labels: template.metadata.labels }), ...(template.metadata.annotations && { annotations: template.metadata.annotations }) } }), spec: { ...template.spec, containers } },
      ports: [{ name: port.name ?? 'http', port: listens, targetPort: port.targetPort ?? port.port }],
      tracks: [
        { name: 'internal', replicas: sized(2), segment: 'INTERNAL' },
        { name: 'free', replicas: sized(4), segment: 'FREE', percent: 5 },
        { name: 'paid', replicas: sized(4), segment: 'PAID', percent: 5 },
        { name: 'production', replicas: Math.max(1, replicas) },
      ],
      router: { replicas: Math.max(2, sized(4)) },
    },
  };
}

/** What the Deployment's pods run: by digest where the node says it, else as the template names it. */
export function imageOf(deployment: Deployment, pods: readonly Pod[]): { readonly image: string; readonly tag: string } {
  const container = deployment.spec?.template.spec?.containers[0];
  const tag = container?.image ?? '';
  const digests = new Set(pods.flatMap((p) => p.status?.containerStatuses ?? []).filter((s) => s.name === container?.name && s.image === tag).map((s) => /sha256:[0-9a-f]{64}/.exec(s.imageID)?.[0]));
  const [digest] = digests;
  return { tag, image: digest === undefined || digests.size > 1 ? tag : `${tag.split('@')[0]?.replace(/:[^/:]+$/, '')}@${digest}` };
}
