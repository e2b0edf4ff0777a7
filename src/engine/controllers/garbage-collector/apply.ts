import type { Client } from '../../../client/client.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { CollectAction } from './reconcile.ts';

export async function apply(client: Client, actions: readonly CollectAction[]): Promise<void> {
  for (const action of actions) {
    await act(client, action).catch((e: unknown) => {
      if (!isNotFound(e)) throw e;
    });
  }
}

async function act(client: Client, action: CollectAction): Promise<unknown> {
  const { node } = action;
  switch (action.type) {
    case 'delete':
      // The uid alone guards: whatever else changed, its owners are gone. A new object of the same name is kept.
      return client.delete(node.resource, node.key, { uid: node.uid, propagation: action.propagation }).catch((e: unknown) => {
        if (!isConflict(e)) throw e;
      });
    case 'setOwners':
      return client.patch(node.resource, node.key, { metadata: { uid: node.uid, resourceVersion: node.resourceVersion, ownerReferences: action.owners } });
    case 'removeFinalizer':
      return client.patch(node.resource, node.key, {
        metadata: { uid: node.uid, resourceVersion: node.resourceVersion, finalizers: node.finalizers.filter((f) => f !== action.finalizer) },
      });
  }
}
