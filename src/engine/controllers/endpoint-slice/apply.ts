import type { Client } from '../../../client/client.ts';
import { Endpoints, EndpointSlices } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../../client/status-error.ts';
import type { EndpointAction } from './reconcile.ts';

export async function apply(client: Client, actions: readonly EndpointAction[]): Promise<void> {
  for (const action of actions) await act(client, action).catch(ignoreVanishing);
}

async function act(client: Client, action: EndpointAction): Promise<unknown> {
  switch (action.type) {
    case 'create':
      return client.create(EndpointSlices, action.slice);
    case 'update':
      return client.update(EndpointSlices, action.slice);
    case 'delete':
      return client.delete(EndpointSlices, keyOf(action.slice));
    case 'createEndpoints':
      return client.create(Endpoints, action.endpoints);
    case 'updateEndpoints':
      return client.update(Endpoints, action.endpoints);
    case 'deleteEndpoints':
      return client.delete(Endpoints, keyOf(action.endpoints));
  }
}

/** Written already and not yet seen, deleted already, or in a namespace that is going. */
function ignoreVanishing(e: unknown): void {
  const ending = e instanceof StatusError && e.reason === 'Forbidden' && e.message.includes('terminated');
  if (!isAlreadyExists(e) && !isNotFound(e) && !ending) throw e;
}
