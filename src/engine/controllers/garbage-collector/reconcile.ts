import type { OwnerReference } from '../../../kubernetes/types.generated.ts';
import type { GraphNode } from './owner-graph.ts';

export const foreground = 'foregroundDeletion';
export const orphan = 'orphan';

export type OwnerState = 'present' | 'waiting' | 'absent';

export interface Observed {
  readonly node: GraphNode;
  readonly dependents: readonly GraphNode[];
  /** By owner uid; `waiting` is an owner that goes only after its dependents. */
  readonly owners: ReadonlyMap<string, OwnerState>;
}

export type CollectAction =
  | { readonly type: 'delete'; readonly node: GraphNode; readonly propagation: 'Background' | 'Foreground' | 'Orphan' }
  | { readonly type: 'setOwners'; readonly node: GraphNode; readonly owners: readonly OwnerReference[] }
  | { readonly type: 'removeFinalizer'; readonly node: GraphNode; readonly finalizer: string };

/** Rules: the page 'Garbage Collection' of the Kubernetes documentation. */
export function reconcile({ node, dependents, owners }: Observed): readonly CollectAction[] {
  if (node.deleting) {
    if (node.finalizers.includes(orphan)) {
      return [
        ...dependents.map((d): CollectAction => ({ type: 'setOwners', node: d, owners: d.owners.filter((o) => o.uid !== node.uid) })),
        { type: 'removeFinalizer', node, finalizer: orphan },
      ];
    }
    if (node.finalizers.includes(foreground)) {
      const blocked = dependents.some((d) => d.owners.some((o) => o.uid === node.uid && o.blockOwnerDeletion === true));
      if (!blocked) return [{ type: 'removeFinalizer', node, finalizer: foreground }];
    }
    return [];
  }
  if (node.owners.length === 0) return [];
  const stateOf = (o: OwnerReference): OwnerState => owners.get(o.uid) ?? 'present';
  const solid = node.owners.filter((o) => stateOf(o) === 'present');
  if (solid.length > 0) {
    return solid.length === node.owners.length ? [] : [{ type: 'setOwners', node, owners: solid }];
  }
  const waiting = node.owners.some((o) => stateOf(o) === 'waiting');
  return [{ type: 'delete', node, propagation: propagationOf(node, waiting && dependents.length > 0) }];
}

function propagationOf(node: GraphNode, hasBlockers: boolean): 'Background' | 'Foreground' | 'Orphan' {
  if (node.finalizers.includes(orphan)) return 'Orphan';
  return hasBlockers || node.finalizers.includes(foreground) ? 'Foreground' : 'Background';
}
