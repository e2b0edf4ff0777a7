import type { Client } from '../../client/client.ts';
import { ControllerRevisions, CronJobs, DaemonSets, Deployments, Jobs, Pods, ReplicaSets, StatefulSets } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { parseReference, tagOf } from './reference.ts';

/** Digests and tags (`name:tag`) that anything in the API names: pods, whatever may make pods, and the kinds given besides. Each of them may be asked for tomorrow.
 *  @throws where one kind cannot be read: half of the truth would delete what is wanted */
export async function namedImages(client: Client, others: readonly Resource<KubernetesObject>[]): Promise<Set<string>> {
  const kinds: readonly Resource<KubernetesObject>[] = [Pods, ReplicaSets, Deployments, StatefulSets, DaemonSets, ControllerRevisions, Jobs, CronJobs, ...others];
  const named = new Set<string>();
  for (const kind of kinds) {
    for (const object of (await client.list(kind)).items) {
      const text = JSON.stringify(object);
      for (const [digest] of text.matchAll(/sha256:[0-9a-f]{64}/g)) named.add(digest);
      for (const [, image] of text.matchAll(/"image":"([^"]+)"/g)) named.add(tagName(image!));
    }
  }
  return named;
}

function tagName(image: string): string {
  try {
    return tagOf(parseReference(image));
  } catch {
    return image;
  }
}
