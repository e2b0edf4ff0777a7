import type { CustomResourceDefinition } from '../../../kubernetes/types.generated.ts';
import type { KubernetesObject } from '../../../client/resource.ts';
import type { Collection } from '../../store/collection.ts';
import { timestamp, type ApiContext } from '../context.ts';
import { cleanupFinalizer } from './definition-status.ts';

/** Deletes the objects of a definition that is being deleted, and takes its finalizer away once none is left. Objects with finalizers are marked, and stay until
 *  those who hold them let go; call it again whenever one is gone. */
export async function cleanUp(api: ApiContext, definitions: Collection, name: string, objects: Collection): Promise<void> {
  await Promise.all(Array.from(objects.records(), async ({ key }) => {
    const head = api.store.head(objects, key)?.object;
    if (head === undefined) return;
    const { metadata } = head;
    if ((metadata?.finalizers ?? []).length === 0) await api.store.delete(objects, key, head);
    else if (metadata?.deletionTimestamp === undefined) {
      await api.store.put(objects, key, { ...head, metadata: { ...metadata, deletionTimestamp: timestamp(api.clock.now()), deletionGracePeriodSeconds: 0, generation: (metadata?.generation ?? 0) + 1 } });
    }
  }));
  await api.store.flush();
  const definition = api.store.head(definitions, name)?.object as CustomResourceDefinition | undefined;
  if (objects.size > 0 || definition?.metadata?.deletionTimestamp === undefined) return;
  const finalizers = (definition.metadata.finalizers ?? []).filter((f) => f !== cleanupFinalizer);
  const { finalizers: _held, ...metadata } = definition.metadata;
  if (finalizers.length === 0) await api.store.delete(definitions, name, { ...definition, metadata } as KubernetesObject);
  else if (finalizers.length < (definition.metadata.finalizers ?? []).length) await api.store.put(definitions, name, { ...definition, metadata: { ...metadata, finalizers } } as KubernetesObject);
}
