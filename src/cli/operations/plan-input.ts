import { LABELS } from '../../api/group.ts';
import { configReferences } from '../../api/build/config.ts';
import { Builds, Deliveries, ReleasePolicies, Releases } from '../../api/kinds.ts';
import { ConfigMaps, Deployments, Nodes, Pods, ResourceQuotas, Secrets } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { isNotFound, StatusError } from '../../client/status-error.ts';
import { isMoving, isQueued, placesOf } from '../../controllers/release/places.ts';
import type { PlanInput } from '../../controllers/release/plan.ts';
import type { ClusterAccess } from '../cluster-access.ts';
import { getApplication } from './releases-of.ts';

/** All that a plan rests on; what this person may not see is left out. */
export async function planInput(access: ClusterAccess, name: string): Promise<Omit<PlanInput, 'version'>> {
  const { client, namespace } = access;
  const application = await getApplication(access, name);
  const seen = async <T extends KubernetesObject>(kind: Resource<T>, options: { namespace?: string; labelSelector?: string } = {}): Promise<T[] | undefined> => {
    try {
      return (await client.list(kind, options)).items;
    } catch (error) {
      if (error instanceof StatusError && error.reason === 'Forbidden') return undefined;
      throw error;
    }
  };
  const [deliveries, quotas, deployments, nodes, pods, policies, releases, builds, missing] = await Promise.all([
    seen(Deliveries, { namespace }), seen(ResourceQuotas, { namespace }), seen(Deployments, { namespace, labelSelector: `${LABELS.application}=${name}` }),
    seen(Nodes), seen(Pods), seen(ReleasePolicies), seen(Releases), seen(Builds), missingConfig(access, application),
  ]);
  const delivery = deliveries?.find((d) => d.metadata?.name === name);
  const groupOf = (release: { metadata?: { namespace?: string }; spec: { build: string } }): string | undefined => builds?.find((b) => b.metadata?.namespace === release.metadata?.namespace && b.metadata?.name === release.spec.build)?.spec.group?.name;
  return {
    application, quotas: quotas ?? [], deployments: deployments ?? [], missing,
    places: placesOf(namespace, policies ?? [], (releases ?? []).filter(isMoving), (releases ?? []).filter(isQueued), groupOf),
    ...(delivery && { delivery }), ...(nodes && pods && { room: { nodes, pods } }),
  };
}

async function missingConfig({ client, namespace }: ClusterAccess, application: Parameters<typeof configReferences>[0]): Promise<string[]> {
  const missing: string[] = [];
  for (const { kind, name, optional } of configReferences(application)) {
    if (optional) continue;
    try {
      await (kind === 'Secret' ? client.get(Secrets, { namespace, name }) : client.get(ConfigMaps, { namespace, name }));
    } catch (error) {
      if (isNotFound(error)) missing.push(`${kind} ${name}`);
      else if (!(error instanceof StatusError && error.reason === 'Forbidden')) throw error;
    }
  }
  return missing;
}
