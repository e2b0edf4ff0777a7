import type { Client } from '../../../client/client.ts';
import { discover } from '../../../client/discovery.ts';
import type { ObjectKey, Resource } from '../../../client/resource.ts';
import { pathOf } from '../../../client/resource.ts';
import { StatusError } from '../../../client/status-error.ts';
import { quantityValue } from '../../../kubernetes/quantity.ts';
import type { CrossVersionObjectReference } from '../../../kubernetes/types.generated.ts';
import type { Usage } from './recommend.ts';

export interface Scale {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas: number; readonly selector?: string };
}

const known: Readonly<Record<string, Resource>> = Object.fromEntries(
  [
    ['Deployment', 'deployments'],
    ['ReplicaSet', 'replicasets'],
    ['StatefulSet', 'statefulsets'],
  ].map(([kind, plural]) => [`apps/v1/${kind}`, { group: 'apps', version: 'v1', plural: plural!, kind: kind!, namespaced: true }]),
);

export async function targetResource(client: Client, ref: CrossVersionObjectReference): Promise<Resource | undefined> {
  const found = known[`${ref.apiVersion}/${ref.kind}`];
  if (found !== undefined) return found;
  const group = ref.apiVersion?.includes('/') === true ? ref.apiVersion.split('/')[0] : '';
  return (await discover(client)).find((r) => r.group === group && r.kind === ref.kind);
}

export async function readScale(client: Client, resource: Resource, key: ObjectKey): Promise<Scale> {
  const { status, body } = await client.raw('GET', pathOf(resource, key.namespace, key.name, 'scale'));
  if (status !== 200) throw new StatusError({ code: status, reason: 'FailedGetScale', message: `The scale of ${resource.kind} ${key.name} cannot be read: HTTP ${status}` });
  return JSON.parse(body) as Scale;
}

/** Usage of the pods that the selector takes, from metrics.k8s.io; undefined where no such API answers. */
export async function podUsage(client: Client, namespace: string, selector: string, resource: string): Promise<Usage | undefined> {
  const { status, body } = await client.raw('GET', `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods?labelSelector=${encodeURIComponent(selector)}`);
  if (status !== 200) return undefined;
  const { items } = JSON.parse(body) as { items?: { metadata: { name: string }; containers: { usage: Record<string, string> }[] }[] };
  return new Map((items ?? []).map((pod) => [pod.metadata.name, pod.containers.reduce((n, c) => n + quantityValue(c.usage[resource] ?? '0'), 0)]));
}
