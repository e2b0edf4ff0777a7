import { keyOf, type KubernetesObject, type ObjectKey, type Resource } from '../../../client/resource.ts';
import type { OwnerReference } from '../../../kubernetes/types.generated.ts';

/** One object of the graph: what garbage collection needs of it. */
export interface GraphNode {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string | undefined;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly deleting: boolean;
}

/** Who owns whom, over all kinds, by uid. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  node(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((id) => this.#nodes.get(id) ?? []);
  }

  set(resource: Resource, object: KubernetesObject): GraphNode {
    const meta = object.metadata ?? {};
    const uid = meta.uid ?? '';
    this.#unlink(uid);
    const node: GraphNode = {
      resource,
      key: keyOf(object),
      uid,
      resourceVersion: meta.resourceVersion,
      owners: meta.ownerReferences ?? [],
      finalizers: meta.finalizers ?? [],
      deleting: meta.deletionTimestamp !== undefined,
    };
    this.#nodes.set(uid, node);
    for (const owner of node.owners) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) this.#dependents.set(owner.uid, new Set([uid]));
      else dependents.add(uid);
    }
    return node;
  }

  delete(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
