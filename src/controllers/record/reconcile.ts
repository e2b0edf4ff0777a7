import type { Delivery } from '../../api/delivery/delivery.ts';
import { LABELS } from '../../api/group.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { isAdoptable } from './adopted.ts';
import { differences, differingPaths, showPath, type FieldPath } from './differences.ts';

export interface RecordState {
  readonly delivery: Delivery;
  /** What the record says the cluster is to have. */
  readonly wanted: readonly KubernetesObject[];
  /** By `Kind/name`. */
  readonly live: ReadonlyMap<string, KubernetesObject>;
  /** `Kind/name` of those that HEAD has otherwise, or not at all. */
  readonly changed: ReadonlySet<string>;
  /** How HEAD differs: not at all, only in what it tells of Builds and releases, or in what the cluster is to have. */
  readonly behind: 'nothing' | 'story' | 'specs';
  /** What becomes of fields that somebody else set. */
  readonly driftPolicy: 'mend' | 'adopt' | 'report';
  /** What was applied last, by `Kind/name`: an informer that has not caught up with our own write is no drift. */
  readonly applied: ReadonlyMap<string, Applied>;
}

export interface Applied {
  readonly wanted: KubernetesObject;
  readonly resourceVersion: string;
  /** Paths in which the API wrote our own values in another form. */
  readonly rewritten: ReadonlySet<string>;
}

export type RecordAction =
  | { readonly type: 'commit' }
  | { readonly type: 'apply'; readonly object: KubernetesObject; readonly reason: 'Missing' | 'Changed' | 'Drifted'; readonly paths: readonly FieldPath[] }
  | { readonly type: 'adopt' | 'report'; readonly object: KubernetesObject; readonly paths: readonly FieldPath[] }
  | { readonly type: 'prune'; readonly kind: string; readonly name: string; readonly reason: 'NotInRecord' }
  | { readonly type: 'observed'; readonly generation: number };

/** A commit first, where anything differs from HEAD; then what the cluster lacks, in order of waves; then what it has too much. */
export function reconcile(state: RecordState): RecordAction[] {
  const { delivery, wanted, live, applied, behind } = state;
  const generation = delivery.metadata?.generation ?? 0;
  const following = delivery.status?.observedGeneration !== generation || behind === 'specs';
  const actions: RecordAction[] = behind === 'nothing' ? [] : [{ type: 'commit' }];
  const brought = wanted.flatMap((object): RecordAction[] => {
    const id = `${object.kind}/${object.metadata?.name}`;
    const action = bring(object, live.get(id), applied.get(id), following, state.changed.has(id));
    return action === undefined ? [] : [action.type === 'apply' && action.reason === 'Drifted' ? settle(action, state.driftPolicy) : action];
  });
  actions.push(...weightFirst(brought));
  const names = new Set(wanted.map((o) => `${o.kind}/${o.metadata?.name}`));
  for (const [id, object] of live) {
    if (names.has(id) || object.metadata?.deletionTimestamp !== undefined) continue;
    const [kind = '', name = ''] = id.split('/');
    actions.push({ type: 'prune', kind, name, reason: 'NotInRecord' });
  }
  if (following) actions.push({ type: 'observed', generation });
  return actions;
}

/** The Router is applied last, so that all is there that it names; where all was there before, users' ways do not wait for the rest. */
function weightFirst(actions: readonly RecordAction[]): readonly RecordAction[] {
  const isRouter = (action: RecordAction): boolean => 'object' in action && action.object.kind === 'Router';
  if (actions.some((a) => a.type === 'apply' && a.reason === 'Missing')) return actions;
  return [...actions.filter(isRouter), ...actions.filter((a) => !isRouter(a))];
}

/** Actions that may be carried out at the same time, wave after wave: no spec needs another of its own kind to be there. */
export function wavesOf(actions: readonly RecordAction[]): RecordAction[][] {
  const waves: { readonly rank: string; readonly actions: RecordAction[] }[] = [];
  for (const action of actions) {
    const rank = 'object' in action ? rankOf(action.object) : action.type;
    const last = waves.at(-1);
    if (last?.rank === rank) last.actions.push(action);
    else waves.push({ rank, actions: [action] });
  }
  return waves.map((w) => w.actions);
}

/** Pods read ConfigMaps and the addresses of Services; a version's own Service has no address, and is there long before its pods are ready. */
function rankOf({ kind = '', metadata }: KubernetesObject): string {
  if (kind === 'Service' && metadata?.labels?.[LABELS.tier] === 'version') return 'Deployment';
  return kind === 'Service' || kind === 'ConfigMap' ? 'needed by pods' : kind;
}

function bring(object: KubernetesObject, live: KubernetesObject | undefined, last: Applied | undefined, following: boolean, changed: boolean): RecordAction | undefined {
  if (live === undefined) return { type: 'apply', object, reason: 'Missing', paths: [] };
  const unseen = last !== undefined && isOlder(live.metadata?.resourceVersion, last.resourceVersion);
  if (unseen && differences(object, last.wanted).length === 0) return undefined;
  const paths = pathsOf(object, live).filter((path) => !last?.rewritten.has(showPath(path)));
  if (paths.length === 0) {
    // A field that is wanted no more shows in no comparison with what is: others may have set it as well.
    const gone = last === undefined ? [] : differingPaths(last.wanted, object);
    return gone.length > 0 || (last === undefined && changed) ? { type: 'apply', object, reason: 'Changed', paths: gone } : undefined;
  }
  const own = last === undefined ? following : differences(object, last.wanted).length > 0;
  return { type: 'apply', object, reason: own ? 'Changed' : 'Drifted', paths };
}

/** What was found last: specs and live objects never change, and most of an Application's are the same at its next turn. */
const compared = new WeakMap<KubernetesObject, { readonly live: KubernetesObject; readonly paths: readonly FieldPath[] }>();

function pathsOf(object: KubernetesObject, live: KubernetesObject): readonly FieldPath[] {
  const last = compared.get(object);
  if (last?.live === live) return last.paths;
  const paths = allDifferences(object, live);
  compared.set(object, { live, paths });
  return paths;
}

/** A Router has no defaults and no other manager: what it has more than the record is a difference too. */
export function allDifferences(object: KubernetesObject & { spec?: unknown }, live: KubernetesObject & { spec?: unknown }): FieldPath[] {
  const paths = differingPaths(object, live);
  if (object.kind !== 'Router') return paths;
  const known = new Set(paths.map(showPath));
  return [...paths, ...differingPaths({ spec: live.spec }, object).filter((path) => !known.has(showPath(path)))];
}

/** What may not be adopted is mended, after what may. */
function settle(action: Extract<RecordAction, { type: 'apply' }>, policy: RecordState['driftPolicy']): RecordAction {
  const { object, paths } = action;
  if (policy === 'report') return { type: 'report', object, paths };
  const adoptable = policy === 'adopt' ? paths.filter((path) => isAdoptable(object.kind, path)) : [];
  return adoptable.length > 0 ? { type: 'adopt', object, paths: adoptable } : action;
}

/** Only ever compared between versions of one object, where Kubernetes says that they are decimal and ordered (KEP-5504). */
export function isOlder(version: string | undefined, than: string): boolean {
  return version !== undefined && /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}
