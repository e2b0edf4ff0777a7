import { parse } from 'yaml';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { Applications, Builds, Deliveries } from '../../api/kinds.ts';
import { Namespaces } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { APPLICATION_FILE, readDelivery } from './files.ts';
import { directoryOf, type Repository } from './repository.ts';

/**
 * Brings back what the record holds and the cluster does not: a cluster that was built anew in mid-release comes to the same versions,
 * sizes and shares. An Application that a person deleted is not in the record any more, so it stays deleted.
 */
export async function restore(context: ControllerContext, repository: Repository): Promise<void> {
  for (const key of await repository.applications()) {
    try {
      await context.client.get(Applications, key);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await restoreApplication(context, repository, key.namespace, key.name);
    }
  }
}

async function restoreApplication(context: ControllerContext, repository: Repository, namespace: string, name: string): Promise<void> {
  const files = await repository.read(directoryOf(namespace, name));
  const application = files.get(APPLICATION_FILE);
  if (application === undefined) return;
  context.log.info({ namespace, name }, 'Application restored from the record');
  await createMissing(context, Namespaces as Resource, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const [path, text] of files) {
    if (path.startsWith('builds/')) await createMissing(context, Builds as Resource, parse(text) as KubernetesObject);
  }
  const spec = readDelivery(files);
  if (spec !== undefined) {
    const delivery: Delivery = {
      apiVersion: 'aweigh.dev/v1alpha1', kind: 'Delivery', metadata: { namespace, name },
      spec: { ...spec, change: { actor: 'aweigh', reason: 'Restore', message: 'restored from the record' } },
    };
    await createMissing(context, Deliveries as Resource, delivery);
  }
  await createMissing(context, Applications as Resource, parse(application) as KubernetesObject);
}

async function createMissing(context: ControllerContext, resource: Resource, object: KubernetesObject): Promise<void> {
  try {
    await context.client.create(resource, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
