import type { Client } from '../../../client/client.ts';
import { discover, type DiscoveredResource } from '../../../client/discovery.ts';
import { Namespaces } from '../../../client/kinds.ts';
import { keyOf, pathOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { Namespace } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';

const finalizer = 'kubernetes';
const lookAgainMs = 200;

/** Empties a namespace that is being deleted, then lets it go. */
export const namespaceController: ControllerFactory = (context) => ({
  name: 'namespace',
  sources: [source(Namespaces, (n) => [keyOf(n)])],
  async reconcile(key) {
    const namespace = context.informer(Namespaces).get(key);
    if (namespace?.metadata?.deletionTimestamp === undefined || namespace.spec?.finalizers?.includes(finalizer) !== true) return {};
    const remaining = await empty(context.client, key.name);
    if (remaining > 0) return { requeueAfterMs: lookAgainMs };
    await finalize(context.client, namespace);
    return {};
  },
});

/** Asks for the deletion of all content. @returns how many objects are still there */
async function empty(client: Client, namespace: string): Promise<number> {
  const kinds = (await discover(client)).filter((r) => r.namespaced && r.verbs.includes('list') && r.verbs.includes('delete'));
  const counts = await Promise.all(kinds.map((r) => emptyKind(client, r, namespace)));
  return counts.reduce((a, b) => a + b, 0);
}

async function emptyKind(client: Client, resource: DiscoveredResource, namespace: string): Promise<number> {
  try {
    const { items } = await client.list(resource, { namespace });
    const doomed = items.filter((o) => o.metadata?.deletionTimestamp === undefined);
    if (doomed.length > 0 && resource.verbs.includes('deletecollection')) {
      const answer = await client.raw('DELETE', pathOf(resource, namespace), { body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }) });
      if (answer.status < 300) return items.length;
    }
    for (const object of doomed) {
      await client.delete(resource, { namespace, name: keyOf(object).name }, { propagation: 'Background' }).catch((e: unknown) => {
        if (!isNotFound(e) && !isConflict(e)) throw e;
      });
    }
    return items.length;
  } catch (e) {
    // A kind whose definition went a moment ago has no objects.
    if (isNotFound(e)) return 0;
    throw e;
  }
}

async function finalize(client: Client, namespace: Namespace): Promise<void> {
  const body = { ...namespace, spec: { ...namespace.spec, finalizers: namespace.spec?.finalizers?.filter((f) => f !== finalizer) } };
  const { status, body: answer } = await client.raw('PUT', pathOf(Namespaces, undefined, namespace.metadata?.name, 'finalize'), { body: JSON.stringify(body) });
  if (status >= 300 && status !== 404 && status !== 409) throw new Error(`Namespace ${namespace.metadata?.name} cannot be finalized: HTTP ${status}: ${answer.slice(0, 200)}`);
}
