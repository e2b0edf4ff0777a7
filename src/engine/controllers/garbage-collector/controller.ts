import type { Client } from '../../../client/client.ts';
import { discover } from '../../../client/discovery.ts';
import { CustomResourceDefinitions } from '../../../client/kinds.ts';
import { apiVersionOf, type ObjectKey, type Resource } from '../../../client/resource.ts';
import { isNotFound } from '../../../client/status-error.ts';
import type { OwnerReference } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { apply } from './apply.ts';
import { OwnerGraph, type GraphNode } from './owner-graph.ts';
import { foreground, reconcile, type OwnerState } from './reconcile.ts';

const discovery = 'discovery';
/** Kinds that nobody owns or owns anything by, and that change all the time. */
const ignored = new Set(['events', 'componentstatuses', 'leases']);

/** Deletes what has lost its owners; holds back owners that wait for their dependents. */
export const garbageCollectorController: ControllerFactory = (context) => {
  const graph = new OwnerGraph();
  const kinds = new Map<string, Resource>();
  const watched = new Set<string>();
  let enqueue: (key: ObjectKey) => void = () => {};
  const wake = (uid: string): void => enqueue({ namespace: 'uid', name: uid });

  const follow = (resource: Resource): void => {
    const informer = context.informer(resource);
    const changed = (previous: { metadata?: { uid?: string } } | undefined, current: Parameters<OwnerGraph['set']>[1] | undefined): void => {
      const gone = previous?.metadata?.uid;
      if (gone !== undefined && gone !== current?.metadata?.uid) {
        const node = graph.node(gone);
        graph.delete(gone);
        for (const dependent of graph.dependentsOf(gone)) wake(dependent.uid);
        for (const owner of node?.owners ?? []) if (graph.node(owner.uid)?.deleting === true) wake(owner.uid);
      }
      if (current === undefined) return;
      const before = graph.node(current.metadata?.uid ?? '');
      const node = graph.set(resource, current);
      if (node.owners.length > 0 || node.deleting) wake(node.uid);
      if (node.deleting && before?.deleting !== true) for (const dependent of graph.dependentsOf(node.uid)) wake(dependent.uid);
      // Whoever was let go may be what an owner waits for.
      for (const owner of before?.owners ?? []) if (graph.node(owner.uid)?.deleting === true) wake(owner.uid);
    };
    informer.onChange(({ previous, current }) => changed(previous, current));
    for (const object of informer.list()) changed(undefined, object);
  };

  const followAll = async (): Promise<void> => {
    for (const resource of await discover(context.client)) {
      kinds.set(`${resource.group}/${resource.kind}`, resource);
      const id = `${resource.group}/${resource.plural}`;
      const usable = ['list', 'watch', 'delete'].every((verb) => resource.verbs.includes(verb));
      if (!usable || ignored.has(resource.plural) || watched.has(id)) continue;
      watched.add(id);
      follow(resource);
    }
  };

  return {
    name: 'garbage-collector',
    sources: [source(CustomResourceDefinitions, () => [{ name: discovery }])],
    workers: 8,
    start(add) {
      enqueue = add;
      add({ name: discovery });
    },
    async reconcile(key) {
      if (key.name === discovery) {
        await followAll();
        return {};
      }
      const node = graph.node(key.name);
      if (node === undefined) return {};
      const owners = new Map<string, OwnerState>();
      if (!node.deleting) for (const owner of node.owners) owners.set(owner.uid, await ownerState(context.client, graph, kinds, node, owner));
      const actions = reconcile({ node, dependents: graph.dependentsOf(node.uid), owners });
      await apply(context.client, actions);
      return {};
    },
  };
};

/** An owner that the graph does not know is asked for, since its informer may lag. */
async function ownerState(client: Client, graph: OwnerGraph, kinds: ReadonlyMap<string, Resource>, node: GraphNode, owner: OwnerReference): Promise<OwnerState> {
  const known = graph.node(owner.uid);
  if (known !== undefined) return known.deleting && known.finalizers.includes(foreground) ? 'waiting' : 'present';
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.slice(0, owner.apiVersion.indexOf('/')) : '';
  const served = kinds.get(`${group}/${owner.kind}`);
  // A kind that is not served may be served again: its objects keep what they own.
  if (served === undefined) return 'present';
  const resource = apiVersionOf(served) === owner.apiVersion ? served : { ...served, version: owner.apiVersion.slice(group === '' ? 0 : group.length + 1) };
  try {
    const object = await client.get(resource, { namespace: served.namespaced ? node.key.namespace : undefined, name: owner.name });
    return object.metadata?.uid === owner.uid ? 'present' : 'absent';
  } catch (e) {
    if (isNotFound(e)) return 'absent';
    throw e;
  }
}
